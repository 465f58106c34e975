import { z } from "zod";
import { AUDIT_HEAD_MESSAGE } from "#shared/audit/head-log.ts";
import { AppError } from "#shared/core/errors.ts";

/** What the log was told, by salon and entry number. More than one hash for a number means that it changed. */
export type HeadsBySalon = ReadonlyMap<string, ReadonlyMap<number, ReadonlySet<string>>>;

const Message = z.object({ message: z.literal(AUDIT_HEAD_MESSAGE) });
const Line = z.object({
  salonId: z.string(),
  auditSeq: z.int().positive(),
  auditHash: z.string().regex(/^[0-9a-f]{64}$/),
});
const LogEntry = z.object({ jsonPayload: z.unknown() });

/**
 * Reads head lines as they come out of the log bucket: the array of `gcloud logging read --format=json`, or JSON
 * lines as a sink writes them. Other lines are skipped; one that is ours and makes no sense is an error.
 */
export function readLoggedHeads(text: string): HeadsBySalon {
  const heads = new Map<string, Map<number, Set<string>>>();
  for (const [index, entry] of entriesOf(text).entries()) {
    const line = LogEntry.safeParse(entry).data?.jsonPayload ?? entry;
    if (!Message.safeParse(line).success) continue;
    const head = Line.safeParse(line).data;
    if (head === undefined) throw unreadable(`entry ${index + 1} makes no sense`);
    const salon = heads.get(head.salonId) ?? new Map<number, Set<string>>();
    heads.set(
      head.salonId,
      salon.set(head.auditSeq, (salon.get(head.auditSeq) ?? new Set()).add(head.auditHash)),
    );
  }
  // An empty export would agree with anything.
  if (heads.size === 0) throw new AppError("invalid-argument", "The exported file holds no audit heads.");
  return heads;
}

function entriesOf(text: string): unknown[] {
  try {
    if (text.trimStart().startsWith("[")) return z.array(z.unknown()).parse(JSON.parse(text));
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line): unknown => JSON.parse(line));
  } catch (cause) {
    throw unreadable("they are neither a JSON array nor JSON lines", cause);
  }
}

function unreadable(why: string, cause?: unknown): AppError {
  return new AppError("invalid-argument", `The exported heads cannot be read: ${why}.`, { cause });
}
