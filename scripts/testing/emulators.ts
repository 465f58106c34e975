import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startAuthEmulator } from "#scripts/local-stack/auth-emulator.ts";
import { startFirestoreEmulator } from "#scripts/local-stack/firestore-emulator.ts";
import { startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { startPubSubEmulator } from "#scripts/local-stack/pubsub-emulator.ts";
import { startEventRelay } from "./event-relay.ts";

const RULES = fileURLToPath(new URL("../../firestore.rules", import.meta.url));

/**
 * Starts what all emulator tests share and says where it is through the environment, which Vitest's workers
 * inherit. Tests keep apart by project or salon ids of their own, see test-project.ts.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const projectId = "salon-flow-test";
  const relay = await startEventRelay();
  const [firestore, pubsub, kms, auth] = await Promise.all([
    startFirestoreEmulator({
      projectId,
      functionsEmulator: relay.host,
      ...(existsSync(RULES) ? { rulesFile: RULES } : {}),
    }),
    startPubSubEmulator(),
    startKmsServer({ projectId }),
    startAuthEmulator({ projectId }),
  ]);
  Object.assign(process.env, {
    GOOGLE_CLOUD_PROJECT: projectId,
    FIRESTORE_EMULATOR_HOST: firestore.host,
    PUBSUB_EMULATOR_HOST: pubsub.host,
    FIREBASE_AUTH_EMULATOR_HOST: auth.host,
    KMS_ENDPOINT: kms.endpoint,
    KMS_KEY_NAME: kms.keyName,
    // Else Google's clients look for a metadata server on the network, for seconds.
    METADATA_SERVER_DETECTION: "none",
  });
  return async () => {
    await Promise.all([firestore.stop(), pubsub.stop(), kms.stop(), auth.stop()]);
    await relay.close();
  };
}
