import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { OutboxRequest } from "#functions/accept-outbox/admission.ts";
import { CallerPolicy } from "#shared/identity/caller-policies.ts";
import { Member } from "#shared/identity/membership.ts";
import { PooledNumber } from "#shared/provisioning/number-pool.ts";
import { CommunicationSettings } from "#shared/salons/communication-settings.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { Salon } from "#shared/salons/salon.ts";

const INSTANT = /^\d{4}-\d\d-\d\dT[\d:]+Z$/;
const revive = (_: string, value: unknown) =>
  typeof value === "string" && INSTANT.test(value) ? new Date(value) : value;
const chapters = readFileSync(new URL("../docs/documents.md", import.meta.url), "utf8")
  .split(/^## /m)
  .slice(1);

/** What others write of each document; of an integration, no more than this. */
const SCHEMAS: Readonly<Record<string, z.ZodObject>> = {
  "salons/{salonId}": Salon,
  "salons/{salonId}/members/{uid}": Member,
  "salon_integrations/{salonId}": SalonIntegration.pick({ salon_id: true, requested: true }),
  "salons/{salonId}/outbox/{requestId}": OutboxRequest,
  "phone_numbers/{PhoneNumberSid}": PooledNumber,
  "callers/{email}": CallerPolicy,
};

test("docs/documents.md has a chapter for each document that others write", () => {
  expect(chapters.map((chapter) => chapter.split("`")[1])).toEqual(Object.keys(SCHEMAS));
});

describe.each(Object.entries(SCHEMAS))("the chapter on %s", (path, schema) => {
  const chapter = chapters.find((each) => each.startsWith(`\`${path}\``)) ?? "";
  const example = exampleIn(chapter);

  test("shows an example that is valid, and of which every field is read", () => {
    expect(schema.strict().safeParse(example).error?.issues).toBeUndefined();
  });

  test("names every field", () => {
    const missing = Object.keys(schema.shape).filter(
      (field) => !(field in example) && !chapter.includes(`\`${field}\``),
    );
    expect(missing).toEqual([]);
  });
});

test("the example of a salon has every setting of how it talks to its customers", () => {
  const { communication } = exampleIn(chapters[0] ?? "");
  expect(Object.keys(Object(communication))).toEqual(Object.keys(CommunicationSettings.shape));
});

function exampleIn(chapter: string): Record<string, unknown> {
  const json = /```json\n(.*?)```/s.exec(chapter)?.[1] ?? "";
  return z.record(z.string(), z.unknown()).parse(JSON.parse(json, revive));
}
