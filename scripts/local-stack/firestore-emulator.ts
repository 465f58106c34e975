import { claimPort } from "./free-port.ts";
import { startJavaEmulator } from "./java-emulator.ts";

interface Options {
  readonly port?: number;
  readonly projectId: string;
  /** Path of the security rules; without it every client may read and write everything. */
  readonly rulesFile?: string;
  /** host:port of the server that takes events, see firestore-events.ts. */
  readonly functionsEmulator?: string;
}

export interface FirestoreEmulator {
  /** For FIRESTORE_EMULATOR_HOST. */
  readonly host: string;
  /** Deletes every document of the project; triggers see each one go. */
  clear(projectId?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Firestore on loopback. One emulator serves any number of projects, each with its own documents. */
export async function startFirestoreEmulator(options: Options): Promise<FirestoreEmulator> {
  const { projectId, rulesFile, functionsEmulator } = options;
  const port = await claimPort(options.port ?? 0, "the Firestore emulator");
  const child = await startJavaEmulator({
    emulator: "firestore",
    args: (jar) => [
      "-cp",
      jar,
      "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
      "--host=127.0.0.1",
      `--port=${port}`,
      `--project_id=${projectId}`,
      ...(rulesFile === undefined ? [] : [`--rules=${rulesFile}`]),
      ...(functionsEmulator === undefined ? [] : [`--functions_emulator=${functionsEmulator}`]),
    ],
    ready: /Dev App Server is now running/,
  });
  const host = `127.0.0.1:${port}`;
  return {
    host,
    clear: async (project = projectId) => {
      const documents = `http://${host}/emulator/v1/projects/${project}/databases/(default)/documents`;
      await expectOk(await fetch(documents, { method: "DELETE" }), "clear its documents");
    },
    stop: child.stop,
  };
}

interface Trigger {
  /** `host` of the emulator. */
  readonly host: string;
  readonly projectId: string;
  readonly triggerId: string;
  /** Such as `google.cloud.firestore.document.v1.created`; with `.withAuthContext` it also says who wrote. */
  readonly eventType: string;
  /** Path pattern such as `salons/{salonId}/outbox/{requestId}`. */
  readonly document: string;
}

/** From now on the emulator reports changes of such documents to its `functionsEmulator`. */
export async function registerFirestoreTrigger(trigger: Trigger): Promise<void> {
  const { host, projectId, triggerId, eventType, document } = trigger;
  const url = `http://${host}/emulator/v1/projects/${projectId}/eventarcTrigger?eventarcTriggerId=${triggerId}`;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      eventType,
      database: "(default)",
      namespace: "(default)",
      document: { value: document, matchType: "PATH_PATTERN" },
    }),
  });
  await expectOk(response, `register the trigger ${triggerId}`);
}

async function expectOk(response: Response, action: string): Promise<void> {
  if (response.ok) return;
  throw new Error(`The Firestore emulator refused to ${action}: ${response.status} ${await response.text()}`);
}
