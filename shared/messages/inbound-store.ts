import { FieldValue } from "firebase-admin/firestore";
import { keepChoice } from "#shared/contacts/choices.ts";
import type { Contact } from "#shared/contacts/contact.ts";
import { contactIn, contactReference } from "#shared/contacts/contacts.ts";
import { afterInbound, afterOptIn, afterOptOut } from "#shared/contacts/decisions.ts";
import { choiceOf } from "#shared/contacts/keywords.ts";
import { languageFor, languageOfScript } from "#shared/contacts/language.ts";
import { afterBlock, afterUnblock, afterUse, type Thread } from "#shared/contacts/thread.ts";
import { threadIn, threadReference } from "#shared/contacts/threads.ts";
import { type AppError, orRefusal } from "#shared/core/errors.ts";
import type { MessageId } from "#shared/core/ids.ts";
import { type Database, isStale } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Entry } from "./billing.ts";
import { answerTo } from "./inbound-answer.ts";
import { InboundMessage } from "./message.ts";

export interface InboundOptions {
  readonly salon: Salon;
  /** Whether anything may answer it by itself: it is fresh, and came from somebody who can be answered. */
  readonly mayAnswer: boolean;
  /** The number it was sent to, as `PartyOf` names it, if salons share that number. */
  readonly sharedNumberId?: string | undefined;
}

export interface Recorded {
  readonly message: InboundMessage;
  /** False when it was stored before. */
  readonly isNew: boolean;
}

export interface InboundMessages {
  /**
   * Stores a message once, with its ledger row, its automatic answer, its sender's contact and what they chose by it:
   * STOP opts out, START in again. Gives what stands under its id now, so that a repeated webhook goes on from there.
   */
  record(message: InboundMessage, entry: Entry, options: InboundOptions): Promise<Recorded>;
  /** Those that somebody must go on with, longest waiting first; one that cannot be read stops no other. */
  unfinished(now: Date, limit: number): Promise<(InboundMessage | AppError)[]>;
  /** Nobody needs to go on with it any more. */
  finish(id: MessageId): Promise<void>;
}

type Choice = "stop" | "start" | undefined;

export function createInboundMessages(database: Database): InboundMessages {
  return {
    record: (message, entry, { salon, mayAnswer, sharedNumberId }) =>
      database.transact(async (transaction, firestore) => {
        const { salon_id, party } = message;
        const reference = firestore.collection("messages").doc(message.id);
        const ofContact = contactReference(firestore, salon_id, party);
        const ofThreads =
          sharedNumberId === undefined ? [] : [threadReference(firestore, sharedNumberId, party)];
        const [known, contact, thread] = await transaction.getAll(reference, ofContact, ...ofThreads);
        if (known?.exists) {
          return { message: parseDocument(InboundMessage, reference.path, known.data()), isNew: false };
        }

        const before = contactIn(contact, salon_id, party);
        const choice = choiceOf(message.body, {
          channel: message.channel,
          isOptedOut: before.opt_out !== null,
          optOutType: message.details.opt_out_type,
        });
        const after = contactAfter(before, message, choice, salon);
        const language = languageFor(message.body, before.language, salon.communication);
        const spoken = { ...message, language };
        const { answer, contact: changed } = mayAnswer
          ? answerTo({ message: spoken, salon, before, after, choice })
          : { answer: null, contact: after };
        const stored: InboundMessage = { ...spoken, answer };
        transaction.create(reference, stored);
        transaction.merge(ofContact, changed);
        if (choice !== undefined) {
          const what = choice === "stop" ? "opt_out" : "opt_in";
          await keepChoice(transaction, firestore, { salon_id, party, what, ...chosenBy(message) });
        }
        if (sharedNumberId !== undefined && thread !== undefined) {
          transaction.set(thread.ref, threadAfter(threadIn(thread, sharedNumberId, party), message, choice));
        }
        transaction.create(
          firestore.collection("salons").doc(salon_id).collection("usage_ledger").doc(entry.id),
          entry.row,
        );
        return { message: stored, isNew: true };
      }),

    async unfinished(now, limit) {
      const waiting = await database.run((firestore) => {
        const query = firestore.collection("messages").where("take_again_at", "<=", now);
        return query.orderBy("take_again_at").limit(limit).get();
      });
      return waiting.docs.map((document) =>
        orRefusal(() => parseDocument(InboundMessage, document.ref.path, document.data())),
      );
    },

    async finish(id) {
      const changes = { take_again_at: FieldValue.delete() };
      try {
        await database.run((firestore) => firestore.collection("messages").doc(id).update(changes));
      } catch (error) {
        // Erased meanwhile.
        if (!isStale(error)) throw error;
      }
    },
  };
}

function contactAfter(contact: Contact, message: InboundMessage, choice: Choice, salon: Salon): Contact {
  const { channel, received_at: at } = message;
  const written = languageOfScript(message.body);
  const isSpoken = written !== undefined && salon.communication.supported_languages.includes(written);
  const seen = afterInbound(contact, { channel, at, language: isSpoken ? written : undefined });
  if (choice === undefined) return seen;
  const change = choice === "stop" ? afterOptOut : afterOptIn;
  return change(seen, chosenBy(message));
}

function chosenBy({ channel, received_at: at, twilio_sid: evidence }: InboundMessage) {
  return { at, by: "keyword", channel, evidence } as const;
}

function threadAfter(thread: Thread, { salon_id, received_at: at }: InboundMessage, choice: Choice): Thread {
  const used = thread.salon_id === salon_id ? afterUse(thread, salon_id, at) : thread;
  if (choice === undefined) return used;
  return choice === "stop" ? afterBlock(used, at) : afterUnblock(used, at);
}
