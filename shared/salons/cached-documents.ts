import { LRUCache } from "lru-cache";
import type { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";

export interface ReadOptions {
  /** Skips the cache, for the moment when yesterday's truth would cost something. */
  readonly fresh?: boolean;
}

export interface CachedDocuments<T, Id extends string = SalonId> {
  /** The document of this id, at most `CACHE_MS` old; undefined when there is none. */
  get(id: Id, options?: ReadOptions): Promise<T | undefined>;
}

const CACHE_MS = 30_000;
const CACHE_MAX = 2_000;

/**
 * One collection, keyed by salon id unless told otherwise, read through a cache bounded in count and age. Absence is
 * not cached.
 */
export function createCachedDocuments<Schema extends z.ZodObject, Id extends string = SalonId>(
  database: Database,
  collection: string,
  schema: Schema,
): CachedDocuments<z.infer<Schema>, Id> {
  const cache = new LRUCache<Id, z.infer<Schema>>({ max: CACHE_MAX, ttl: CACHE_MS });
  return {
    async get(id, { fresh = false } = {}) {
      const known = fresh ? undefined : cache.get(id);
      if (known !== undefined) return known;
      const snapshot = await database.run((firestore) => firestore.collection(collection).doc(id).get());
      if (!snapshot.exists) return undefined;
      const document = parseDocument(schema, `${collection}/${id}`, snapshot.data());
      cache.set(id, document);
      return document;
    },
  };
}
