import {
  type DocumentData,
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type WriteBatch,
} from "firebase-admin/firestore";

/**
 * One read-compare-write, optimistic: what was read is written back on the condition that nobody changed it since.
 * Firestore's own transactions lock what they read, so two workers with the same document wait seconds for each other;
 * this way the later one starts again at once.
 */
export interface Transaction {
  get(reference: DocumentReference): Promise<DocumentSnapshot>;
  getAll(...references: DocumentReference[]): Promise<DocumentSnapshot[]>;
  /** Writes a document that must not exist yet. */
  create(reference: DocumentReference, data: DocumentData): void;
  /** Replaces a document that was read here, or creates it if it was not there. */
  set(reference: DocumentReference, data: DocumentData): void;
  /** Sets these fields of a document that was read here and leaves the others, or creates it if it was not there. */
  merge(reference: DocumentReference, data: DocumentData): void;
}

export interface OpenTransaction extends Transaction {
  commit(): Promise<void>;
}

export function openTransaction(firestore: Firestore): OpenTransaction {
  const read = new Map<string, DocumentSnapshot>();
  const batch: WriteBatch = firestore.batch();
  let writes = 0;

  const getAll = async (...references: DocumentReference[]) => {
    const snapshots = await firestore.getAll(...references);
    for (const snapshot of snapshots) read.set(snapshot.ref.path, snapshot);
    return snapshots;
  };
  const write = (
    reference: DocumentReference,
    data: DocumentData,
    removed: (known: DocumentData) => string[],
  ) => {
    const known = read.get(reference.path);
    if (known === undefined) throw new Error(`${reference.path} is written without having been read.`);
    writes += 1;
    if (!known.exists || known.updateTime === undefined) {
      batch.create(reference, data);
      return;
    }
    const deletions = removed(known.data() ?? {}).map((field) => [field, FieldValue.delete()]);
    const changes = { ...data, ...Object.fromEntries(deletions) };
    batch.update(reference, changes, { lastUpdateTime: known.updateTime });
  };

  return {
    getAll,
    get: async (reference) => {
      const [snapshot] = await getAll(reference);
      if (snapshot === undefined) throw new Error("Firestore gave no snapshot for a document.");
      return snapshot;
    },
    create(reference, data) {
      writes += 1;
      batch.create(reference, data);
    },
    set: (reference, data) =>
      write(reference, data, (known) => Object.keys(known).filter((field) => data[field] === undefined)),
    merge: (reference, data) => write(reference, data, () => []),
    async commit() {
      if (writes > 0) await batch.commit();
    },
  };
}
