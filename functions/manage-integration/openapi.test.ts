import { expect, test } from "vitest";
import { z } from "zod";
import { Secret } from "#shared/core/secret.ts";
import { answer, body, jsonLines, mp3, NO_BODY, nothing } from "#shared/runtime/route-contract.ts";
import { openApi } from "./openapi.ts";
import { route } from "./routes.ts";

const routes = [
  route({
    method: "GET",
    path: "/kettle",
    operation: "readKettle",
    summary: "Whether it is hot",
    atLeast: "staff",
    takes: NO_BODY,
    gives: answer(z.object({ hot: z.boolean() })),
    work: async () => ({ hot: true }),
  }),
  route({
    method: "PUT",
    path: "/kettle",
    operation: "lockKettle",
    summary: "Lock it",
    atLeast: "owner",
    recentSignIn: true,
    note: "Turn it twice.",
    takes: body(z.strictObject({ key: z.string().transform((value) => new Secret(value)) })),
    gives: nothing("done"),
    work: async () => {},
  }),
];

test("describes what goes in as it is sent, what comes out as it is answered, and who may", () => {
  const { paths } = openApi(routes);
  expect(paths).toMatchObject({
    "/v1/salons/{salonId}/kettle": {
      parameters: [{ name: "salonId", in: "path", required: true, schema: { type: "string" } }],
      get: {
        operationId: "readKettle",
        description: "For the role staff or higher.",
        security: [{ idToken: [] }],
        responses: {
          "200": {
            content: {
              "application/json": {
                schema: { properties: { hot: { type: "boolean" } }, additionalProperties: false },
              },
            },
          },
          "404": { $ref: "#/components/responses/Refusal" },
        },
      },
      put: {
        description: "For the role owner or higher, signed in within the last 5 minutes. Turn it twice.",
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: { properties: { key: { type: "string" } }, additionalProperties: false },
            },
          },
        },
        responses: { "204": { description: "Done." } },
      },
    },
  });
});

test("describes an answer of lines by its content type, and what each line is", () => {
  const steam = route({
    method: "GET",
    path: "/steam",
    operation: "readSteam",
    summary: "All that came out",
    atLeast: "owner",
    takes: NO_BODY,
    gives: jsonLines(z.object({ puff: z.int() })),
    work: async () =>
      (async function* () {
        yield '{"puff":1}\n';
      })(),
  });
  expect(openApi([steam]).paths["/v1/salons/{salonId}/steam"]).toMatchObject({
    get: {
      responses: {
        "200": { content: { "application/x-ndjson": { schema: { properties: { puff: {} } } } } },
      },
    },
  });
});

test("describes what a query may hold, and an answer that is a sound", () => {
  const whistle = route({
    method: "GET",
    path: "/whistle",
    operation: "playWhistle",
    summary: "How it sounds",
    atLeast: "staff",
    query: { pitch: z.string() },
    takes: NO_BODY,
    gives: mp3(),
    work: async () => (async function* () {})(),
  });
  expect(openApi([whistle]).paths["/v1/salons/{salonId}/whistle"]).toMatchObject({
    get: {
      parameters: [{ name: "pitch", in: "query", required: false, schema: { type: "string" } }],
      responses: { "200": { content: { "audio/mpeg": { schema: { type: "string" } } } } },
    },
  });
});

test("an answer holds the described fields, and nothing else that happened to be there", () => {
  const gives = answer(z.object({ hot: z.boolean() }));
  const found = { hot: true, auth_token: { ciphertext: "AAAA" } };
  expect(gives.reply(found, {}).body).toBe('{"hot":true}');
});
