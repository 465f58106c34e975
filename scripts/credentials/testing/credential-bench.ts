import { startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { createLogger } from "#shared/core/logger.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { type Envelope, envelopeSchema } from "#shared/vault/envelope.ts";
import { createKms } from "#shared/vault/kms.ts";
import { type CredentialKind, createVault } from "#shared/vault/vault.ts";
import { rewriteAll, type Walk } from "../rewrite-all.ts";
import { sealInFirstFormat } from "./first-format.ts";

export type CredentialBench = Awaited<ReturnType<typeof startCredentialBench>>;

/** What the two commands run with: a project of its own in the Firestore emulator, a Cloud KMS of its own. */
export async function startCredentialBench() {
  const server = await startKmsServer();
  const projectId = uniqueProjectId();
  const database = createDatabase(projectId);
  const kms = createKms({ keyName: server.keyName, endpoint: server.endpoint, timeoutMs: 500 });
  const clock = { now: () => new Date("2026-11-22T10:00:00Z") };
  const cache = { max: 100, ttlMs: 60_000 };
  const lines: string[] = [];
  const documentOf = (salonId: string) => database.firestore.doc(`salon_integrations/${salonId}`);
  /** Reads version 2 only, as functions do once the migration is over. */
  const vault = createVault({ kms, clock, cache });
  const migrating = createVault({ kms, clock, cache, unversionedKms: kms });

  return {
    server,
    projectId,
    database,
    kms,
    vault,
    migrating,
    /** What was printed. */
    lines,
    documentOf,
    run: (walk: Partial<Walk> & Pick<Walk, "rewrite">) =>
      rewriteAll({
        database,
        vault,
        audit: createAudit({ database, clock, logger: createLogger({ level: "silent" }) }),
        action: "migrated",
        clock,
        by: "credentials:test",
        apply: true,
        pageSize: 100,
        print: (line) => lines.push(line),
        ...walk,
      }),
    sealOld: async (text: string): Promise<Envelope> =>
      envelopeSchema.parse(await sealInFirstFormat(kms, text)),
    sealNew: (salonId: string, kind: CredentialKind, text: string) =>
      vault.seal({ salonId, kind, secret: new Secret(text) }),
    /** The envelope at a path such as `twilio.auth_token`. */
    async stored(salonId: string, path: string): Promise<Envelope> {
      return envelopeSchema.parse((await documentOf(salonId).get()).get(path));
    },
    /** Removes all salons and their audit, repairs Cloud KMS. */
    async reset() {
      server.setFault(undefined);
      lines.length = 0;
      for (const name of ["salon_integrations", "integration_audit", "integration_audit_heads"])
        await database.firestore.recursiveDelete(database.firestore.collection(name));
    },
    async stop() {
      await database.firestore.terminate();
      await server.stop();
    },
  };
}
