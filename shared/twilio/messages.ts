import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import { type Price, priceOf } from "./price.ts";
import { nothingWhen404, type Request } from "./request.ts";
import { type MessageStatus, messageStatusSchema } from "./statuses.ts";

/** What to say: our own words, or an approved template with its variables. */
export type MessageContent =
  | { readonly body: string; readonly mediaUrls?: readonly string[] }
  | { readonly contentSid: string; readonly contentVariables?: Readonly<Record<string, string>> };

export type OutgoingMessage = MessageContent & {
  /** Both E.164, or both `whatsapp:` and E.164. `from` may also be an alphanumeric sender. */
  readonly to: string;
  readonly from: string;
  readonly statusCallback: string;
  /** How long Twilio may keep it in its queue, 1 to 36,000 seconds. */
  readonly validityPeriodSeconds: number;
};

export interface Message {
  readonly sid: string;
  readonly accountSid: string;
  readonly to: string;
  readonly from: string | undefined;
  readonly body: string;
  readonly status: MessageStatus;
  readonly direction: "inbound" | "outbound";
  /** 0 while Twilio has not counted yet. */
  readonly segments: number;
  readonly mediaCount: number;
  readonly errorCode: number | undefined;
  /** What Twilio charges, without carrier fees; it comes some time after the message. A refund is negative. */
  readonly price: Price | undefined;
  readonly createdAt: Date;
  readonly sentAt: Date | undefined;
}

export interface MessageFilter {
  readonly to?: string;
  readonly from?: string;
  /** Applied to what Twilio lists, since it cannot filter by it; unlike `sentAfter` it finds what is still queued. */
  readonly createdAfter?: Date;
  readonly sentAfter?: Date;
  readonly sentBefore?: Date;
  /** How many messages to look at, before `createdAfter` is applied. */
  readonly limit: number;
}

/** Where a page of the list begins. It names no account, so it may be kept. */
export interface PagePosition {
  readonly token: string;
  readonly number: number;
}

export interface MessagePage {
  readonly messages: Message[];
  /** Null on the last page. */
  readonly next: PagePosition | null;
}

export interface MessageMedia {
  readonly url: string;
  readonly contentType: string;
}

export interface Messages {
  /** Not idempotent: an `unclear` failure may have sent the message. */
  sendMessage(message: OutgoingMessage): Promise<Message>;
  fetchMessage(sid: string): Promise<Message>;
  /** Newest first. Twilio's list lags behind by seconds. */
  listMessages(filter: MessageFilter): Promise<Message[]>;
  /**
   * One page of all messages, newest first; the first page without `at`. What is new meanwhile does not move the later
   * pages. Twilio takes 1,000 a page at most.
   */
  pageMessages(page: { readonly size: number; readonly at?: PagePosition | null }): Promise<MessagePage>;
  /** What came with a message, as its webhook would have named it; nothing when Twilio has it no longer. */
  messageMedia(sid: string): Promise<MessageMedia[]>;
  /** Empties the body and keeps the record. Done when Twilio has no such message; 20009 while it is on its way. */
  redactMessage(sid: string): Promise<void>;
  /** Done when Twilio has no such message; 20009 while it is on its way. */
  deleteMessage(sid: string): Promise<void>;
}

export function createMessages(own: AccountContext, request: Request): Messages {
  return {
    sendMessage: (message) => request(messageSchema, () => own.messages.create(parametersOf(message))),
    fetchMessage: (sid) => request(messageSchema, () => own.messages(sid).fetch()),
    listMessages: async ({ createdAfter, ...filter }) => {
      const list = () => own.messages.list(listParametersOf(filter));
      const found = await request(z.array(messageSchema), list);
      return found
        .filter((message) => createdAfter === undefined || message.createdAt > createdAfter)
        .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
    },
    pageMessages: ({ size, at }) => {
      const position = at == null ? {} : { pageToken: at.token, pageNumber: at.number };
      return request(pageSchema, () => own.messages.page({ pageSize: size, ...position }));
    },
    messageMedia: async (sid) => {
      const list = () => own.messages(sid).media.list({ limit: MOST_MEDIA });
      return (await nothingWhen404(request(z.array(mediaSchema), list))) ?? [];
    },
    redactMessage: async (sid) => {
      await nothingWhen404(request(messageSchema, () => own.messages(sid).update({ body: "" })));
    },
    deleteMessage: async (sid) => {
      await nothingWhen404(request(z.literal(true), () => own.messages(sid).remove()));
    },
  };
}

const MOST_PER_PAGE = 1000;
const MOST_MEDIA = 10;

function listParametersOf({ sentAfter, sentBefore, ...filter }: Omit<MessageFilter, "createdAfter">) {
  return {
    ...filter,
    ...(sentAfter === undefined ? {} : { dateSentAfter: sentAfter }),
    ...(sentBefore === undefined ? {} : { dateSentBefore: sentBefore }),
    pageSize: Math.min(filter.limit, MOST_PER_PAGE),
  };
}

function parametersOf(message: OutgoingMessage) {
  const { to, from, statusCallback, validityPeriodSeconds: validityPeriod } = message;
  return { to, from, statusCallback, validityPeriod, ...contentOf(message) };
}

function contentOf(content: MessageContent) {
  if ("body" in content) return { body: content.body, mediaUrl: [...(content.mediaUrls ?? [])] };
  return { contentSid: content.contentSid, contentVariables: JSON.stringify(content.contentVariables ?? {}) };
}

const messageSchema = z
  .object({
    sid: z.string(),
    accountSid: z.string(),
    to: z.string().nullish(),
    from: z.string().nullish(),
    body: z.string().nullish(),
    status: messageStatusSchema,
    direction: z.string(),
    numSegments: z.coerce.number().int().nonnegative().catch(0),
    numMedia: z.coerce.number().int().nonnegative().catch(0),
    errorCode: z.number().int().nullish(),
    price: z.string().nullish(),
    priceUnit: z.string().nullish(),
    dateCreated: z.date(),
    dateSent: z.date().nullish(),
  })
  .transform(
    (message): Message => ({
      sid: message.sid,
      accountSid: message.accountSid,
      to: message.to ?? "",
      from: message.from ?? undefined,
      body: message.body ?? "",
      status: message.status,
      direction: message.direction === "inbound" ? "inbound" : "outbound",
      segments: message.numSegments,
      mediaCount: message.numMedia,
      errorCode: message.errorCode ?? undefined,
      price: priceOf(message.price, message.priceUnit),
      createdAt: message.dateCreated,
      sentAt: message.dateSent ?? undefined,
    }),
  );

const pageSchema = z
  .object({ instances: z.array(messageSchema), nextPageUrl: z.url().optional() })
  .transform(({ instances, nextPageUrl }, context): MessagePage => {
    if (nextPageUrl === undefined) return { messages: instances, next: null };
    const { searchParams } = new URL(nextPageUrl);
    const [token, number] = [searchParams.get("PageToken"), Number(searchParams.get("Page"))];
    if (token !== null && Number.isInteger(number)) return { messages: instances, next: { token, number } };
    context.addIssue({ code: "custom", message: "The next page is not named by a token." });
    return z.NEVER;
  });

/** Twilio describes a medium under `uri`, and serves it there without `.json`. */
const mediaSchema = z.object({ uri: z.string(), contentType: z.string().nullish() }).transform(
  ({ uri, contentType }): MessageMedia => ({
    url: `https://api.twilio.com${uri.replace(/\.json$/, "")}`,
    contentType: contentType ?? "application/octet-stream",
  }),
);
