import { randomBytes } from "node:crypto";

/** A project id nobody else uses: its Firestore documents and Pub/Sub topics belong to one test file alone. */
export function uniqueProjectId(): string {
  return `test-${uniqueSuffix()}`;
}

/** A salon id nobody else uses, for tests that share a project. */
export function uniqueSalonId(): string {
  return `salon-${uniqueSuffix()}`;
}

function uniqueSuffix(): string {
  return randomBytes(6).toString("hex");
}
