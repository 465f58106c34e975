import protobuf from "protobufjs/light.js";
import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";

/** A document's fields before and after a change; undefined where there was no document. */
export interface DocumentChange {
  readonly before: Fields | undefined;
  readonly after: Fields | undefined;
}

/** Each value as JavaScript has it, a time as a Date. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * The data of Firestore's events. Source: googleapis/google-cloudevents,
 * proto/google/events/cloud/firestore/v1/data.proto.
 */
const DocumentEventData = protobuf.Root.fromJSON({
  nested: {
    DocumentEventData: {
      fields: { value: { type: "Document", id: 1 }, oldValue: { type: "Document", id: 2 } },
    },
    Document: { fields: { fields: valuesByName(2) } },
    Value: {
      fields: {
        booleanValue: { type: "bool", id: 1 },
        integerValue: { type: "int64", id: 2 },
        doubleValue: { type: "double", id: 3 },
        referenceValue: { type: "string", id: 5 },
        mapValue: { type: "MapValue", id: 6 },
        geoPointValue: { type: "GeoPoint", id: 8 },
        arrayValue: { type: "ArrayValue", id: 9 },
        timestampValue: { type: "Timestamp", id: 10 },
        nullValue: { type: "int32", id: 11 },
        stringValue: { type: "string", id: 17 },
        bytesValue: { type: "bytes", id: 18 },
      },
    },
    ArrayValue: { fields: { values: { rule: "repeated", type: "Value", id: 1 } } },
    MapValue: { fields: { fields: valuesByName(1) } },
    GeoPoint: { fields: { latitude: { type: "double", id: 1 }, longitude: { type: "double", id: 2 } } },
    Timestamp: { fields: { seconds: { type: "int64", id: 1 }, nanos: { type: "int32", id: 2 } } },
  },
}).lookupType("DocumentEventData");

const Timestamp = z
  .object({ seconds: z.number().default(0), nanos: z.number().default(0) })
  .transform(({ seconds, nanos }) => new Date(seconds * 1_000 + Math.floor(nanos / 1_000_000)));

/** Exactly one of them is there. */
const Value: z.ZodType<unknown> = z.lazy(() =>
  z
    .object({
      booleanValue: z.boolean(),
      integerValue: z.number(),
      doubleValue: z.number(),
      referenceValue: z.string(),
      mapValue: Fields,
      geoPointValue: z.object({ latitude: z.number().default(0), longitude: z.number().default(0) }),
      arrayValue: z.object({ values: z.array(Value).default([]) }).transform(({ values }) => values),
      timestampValue: Timestamp,
      nullValue: z.number().transform(() => null),
      stringValue: z.string(),
      bytesValue: z.instanceof(Uint8Array),
    })
    .partial()
    .transform((value) => Object.values(value)[0]),
);
const Fields: z.ZodType<Fields> = z.lazy(() =>
  z.object({ fields: z.record(z.string(), Value).default({}) }).transform(({ fields }) => fields),
);
const Change = z.object({ value: Fields.optional(), oldValue: Fields.optional() });

/** Reads what changed from the body of a Firestore event (`application/protobuf`). */
export function documentChange(data: unknown): DocumentChange {
  try {
    if (!(data instanceof Uint8Array)) throw new TypeError("The body is no protobuf.");
    const event = DocumentEventData.toObject(DocumentEventData.decode(data), { longs: Number });
    const { value, oldValue } = Change.parse(event);
    return { before: oldValue, after: value };
  } catch (cause) {
    throw new AppError("invalid-argument", "The event does not say what changed in its document.", { cause });
  }
}

function valuesByName(id: number) {
  return { keyType: "string", type: "Value", id };
}
