import { z } from "zod";
import type { Faults, Subject } from "../faults/faults.ts";
import { json } from "../http/reply.ts";
import type { Address } from "../voice/conversation.ts";
import { newCall } from "../voice/new-call.ts";
import type { Dial } from "../voice/outbound-call.ts";
import { isWebhookUrl } from "../webhooks/url.ts";
import type { Call } from "../world/call.ts";
import { isE164, nationalFormat } from "../world/e164.ts";
import { chargeText } from "../world/prices.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, given, pathParameter } from "./api-request.ts";
import { rfc2822 } from "./dates.ts";
import { describeCode, errorReply, TwilioError } from "./error.ts";
import { instantFilter } from "./instant-filter.ts";
import { pageOf } from "./paging.ts";
import { requireActive } from "./require-active.ts";

interface Deps {
  readonly world: World;
  readonly faults: Faults;
  readonly dial: Dial;
}

const Event = z.enum(["initiated", "ringing", "answered", "completed"]);

export function createCallResource({
  world,
  faults,
  dial,
}: Deps): Record<"create" | "list" | "fetch", ApiHandler> {
  return {
    create(request) {
      const { account, form } = request;
      requireActive(world, account);
      const to = given(form, "To");
      if (to === undefined) throw new TwilioError(21201);
      if (!isE164(to)) throw new TwilioError(21211, `Invalid 'To' Phone Number: ${to}`);
      const from = given(form, "From");
      if (from === undefined) throw new TwilioError(21213);
      const number = world.numbers.find(from);
      if (number?.accountSid !== account.sid || !number.capabilities.voice) throw new TwilioError(21210);
      const start = startIn(form);
      const statusCallback = addressIn(form, "StatusCallback", "StatusCallbackMethod");
      const events = form.getAll("StatusCallbackEvent").flatMap((text) => text.split(/[\s,]+/));
      const wanted = z.array(Event).safeParse(events);
      if (!wanted.success)
        throw new TwilioError(20001, "StatusCallbackEvent must be initiated, ringing, answered or completed");

      const subject: Subject = {
        method: request.method,
        path: request.path,
        to,
        accountSids: [account.sid, request.caller.sid],
      };
      const refusal = faults.strike(["recipient"], { ...subject, surface: "sync" });
      if (refusal !== undefined)
        return errorReply({ code: refusal.error_code, ...describeCode(refusal.error_code) });
      const draft = {
        accountSid: account.sid,
        direction: "outbound-api",
        from,
        to,
        phoneNumberSid: number.sid,
        status: "queued",
      } as const;
      const call = newCall(world, faults, draft, subject);
      dial({
        call,
        start,
        fallback: addressIn(form, "FallbackUrl", "FallbackMethod"),
        statusCallback,
        statusCallbackEvents: wanted.data.length === 0 ? ["completed"] : wanted.data,
        subject,
      });
      return json(201, presentCall(call));
    },
    list(request) {
      const { query, account } = request;
      const to = given(query, "To");
      const from = given(query, "From");
      const status = given(query, "Status");
      const parent = given(query, "ParentCallSid");
      const startedWithin = instantFilter(query, "StartTime");
      const now = Date.now();
      return pageOf(request, {
        key: "calls",
        items: world.calls
          .ofAccount(account.sid)
          .filter(
            (call) =>
              call.listedFrom <= now &&
              (to === undefined || call.to === to) &&
              (from === undefined || call.from === from) &&
              (status === undefined || call.status === status) &&
              (parent === undefined || call.parentCallSid === parent) &&
              startedWithin(call.startTime),
          ),
        tokenOf: ({ sid }) => sid,
        present: presentCall,
      });
    },
    fetch(request) {
      const call = world.calls.find(pathParameter(request, "Sid"));
      if (call?.accountSid === request.account.sid) return json(200, presentCall(call));
      throw new TwilioError(20404, `The requested resource ${request.path} was not found`);
    },
  };
}

/** `Url` wins over `Twiml`. */
function startIn(form: URLSearchParams): Address | { twiml: string } {
  const address = addressIn(form, "Url", "Method");
  if (address !== undefined) return address;
  const twiml = given(form, "Twiml");
  if (twiml === undefined) throw new TwilioError(21205, "Url parameter is required.");
  return { twiml };
}

function addressIn(form: URLSearchParams, name: string, methodName: string): Address | undefined {
  const url = given(form, name);
  if (url === undefined) return undefined;
  if (!isWebhookUrl(url))
    throw new TwilioError(name === "StatusCallback" ? 21609 : 21205, `${name} is not a valid URL: ${url}`);
  return { url, method: given(form, methodName)?.toUpperCase() === "GET" ? "GET" : "POST" };
}

const SUBRESOURCES = [
  "Events",
  "Notifications",
  "Payments",
  "Recordings",
  "Siprec",
  "Streams",
  "Transcriptions",
];

export function presentCall(call: Call) {
  const uri = `/2010-04-01/Accounts/${call.accountSid}/Calls/${call.sid}`;
  return {
    sid: call.sid,
    date_created: rfc2822(call.dateCreated),
    date_updated: rfc2822(call.dateUpdated),
    parent_call_sid: call.parentCallSid,
    account_sid: call.accountSid,
    to: call.to,
    to_formatted: nationalFormat(call.to),
    from: call.from,
    from_formatted: nationalFormat(call.from),
    phone_number_sid: call.phoneNumberSid,
    status: call.status,
    start_time: call.startTime === null ? null : rfc2822(call.startTime),
    end_time: call.endTime === null ? null : rfc2822(call.endTime),
    duration: call.durationSeconds === null ? null : String(call.durationSeconds),
    price: chargeText(call.price),
    price_unit: "USD",
    direction: call.direction,
    answered_by: null,
    api_version: "2010-04-01",
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    queue_time: "0",
    trunk_sid: null,
    uri: `${uri}.json`,
    subresource_uris: Object.fromEntries(
      SUBRESOURCES.map((name) => [name.toLowerCase(), `${uri}/${name}.json`]),
    ),
  };
}
