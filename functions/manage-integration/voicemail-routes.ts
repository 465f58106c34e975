import { z } from "zod";
import type { Voicemails } from "#shared/calls/voicemails.ts";
import { invalid } from "#shared/runtime/json-body.ts";
import { answer, mp3, NO_BODY, type Takes } from "#shared/runtime/route-contract.ts";
import { type Route, route } from "./routes.ts";
import type { ListenTo } from "./voicemail-sound.ts";

interface Deps {
  readonly voicemails: Pick<Voicemails, "list">;
  readonly listenTo: ListenTo;
}

const VoicemailPage = z.object({
  voicemails: z.array(
    z.object({
      recording_sid: z.string(),
      from: z.string().nullable().describe("The caller's number; null when it was hidden"),
      seconds: z.int(),
      received_at: z.iso.datetime(),
    }),
  ),
  next: z.string().nullable().describe("What `after` has to be for the next page; null at the end"),
});

const AFTER: Takes<string | undefined> = {
  schema: undefined,
  read: ({ rawQuery }) => new URLSearchParams(rawQuery).get("after") ?? undefined,
};

/** What callers left when nobody took their call. */
export function voicemailRoutes({ voicemails, listenTo }: Deps): Route[] {
  return [
    route({
      method: "GET",
      path: "/voicemails",
      operation: "listVoicemails",
      summary: "Messages that callers left, the newest first",
      atLeast: "staff",
      query: { after: z.string().describe("`next` of the page before") },
      takes: AFTER,
      gives: answer(VoicemailPage),
      work: async ({ salonId }, after) => {
        const page = await voicemails.list(salonId, after);
        if (page === undefined) throw invalid("after", "after: must be `next` of the page before.");
        return {
          voicemails: page.voicemails.map(({ sid, from, duration_seconds, received_at }) => ({
            recording_sid: sid,
            from,
            seconds: duration_seconds,
            received_at: received_at.toISOString(),
          })),
          next: page.next,
        };
      },
    }),
    route({
      method: "GET",
      path: "/voicemails/{recordingSid}",
      operation: "playVoicemail",
      summary: "Listen to a message that a caller left",
      atLeast: "staff",
      takes: NO_BODY,
      gives: mp3(),
      work: async ({ salonId }, _, { recordingSid = "" }) => listenTo(salonId, recordingSid),
    }),
  ];
}
