import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PubSub } from "@google-cloud/pubsub";
import { z } from "zod";
import { buildFunctions } from "#scripts/build.ts";
import { DEPLOYMENTS, type Deployment, PUBLISHED_TOPICS } from "#scripts/deployments.ts";
import { startTwilioSimulator, type TwilioSimulator } from "#scripts/twilio-simulator/simulator.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { startAuthEmulator } from "./auth-emulator.ts";
import { LOCAL_AUDIENCE } from "./caller-token.ts";
import { DEFAULT_NUMBERS } from "./default-numbers.ts";
import { registerFirestoreTrigger, startFirestoreEmulator } from "./firestore-emulator.ts";
import { startFirestoreEvents } from "./firestore-events.ts";
import { claimPort } from "./free-port.ts";
import { type FunctionProcess, startFunction } from "./function-process.ts";
import { startGateway } from "./gateway.ts";
import { type KmsServer, startKmsServer } from "./kms-server.ts";
import { startPubSubBridge } from "./pubsub-bridge.ts";
import { startPubSubEmulator } from "./pubsub-emulator.ts";
import { startScheduler } from "./scheduler.ts";
import { startSecretManagerServer } from "./secret-manager-server.ts";
import { startSlackSink } from "./slack-sink.ts";
import { type SmtpSink, startSmtpSink } from "./smtp-sink.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const PROJECT = "salon-flow-local";
/** Who all writes are by: the emulator knows nobody. */
const SERVICE_ACCOUNT = { type: "service_account", id: `local@${PROJECT}.iam.gserviceaccount.com` };
/** Of no value anywhere else: it only has to be the same for all functions of this stack. */
const PARTY_HASH_KEY = "local-stack-party-hash-key-0123456789";
const FirebaseJson = z.object({ hosting: z.object({ public: z.string(), rewrites: z.unknown() }) });

export interface StackOptions {
  /** 0: any free port. */
  readonly gatewayPort?: number;
  readonly simulatorPort?: number;
  /** Before every answer of the simulated Twilio, in milliseconds. */
  readonly twilioLatencyMs?: number;
  /** How long a worker may hold a message, in seconds; short, so that a death can be watched. */
  readonly leaseSeconds?: number;
  readonly onProgress?: (what: string) => void;
}

export interface Stack {
  readonly projectId: string;
  readonly gatewayUrl: string;
  readonly logFolder: string;
  readonly database: Database;
  readonly pubsub: PubSub;
  readonly kms: KmsServer;
  readonly simulator: TwilioSimulator;
  readonly smtp: SmtpSink;
  fn(name: string): FunctionProcess;
  /** Publishes a schedule's tick now, as Cloud Scheduler does by the clock. */
  tick(topic: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts every part on loopback: emulators, local Google servers, the Twilio simulator, all functions, the gateway. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { onProgress = () => {} } = options;
  const started: (() => Promise<unknown>)[] = [];
  /** What has started is stopped again, in reverse order, also when the next part fails. */
  const keep = <T>(part: T, stop: (part: T) => Promise<unknown>): T => {
    started.push(() => stop(part));
    return part;
  };
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      for (const each of started.reverse())
        await each().catch((error: unknown) => console.error(String(error)));
    })();
    return stopping;
  };
  try {
    return { ...(await assemble(options, keep, onProgress)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Keep = <T>(part: T, stop: (part: T) => Promise<unknown>) => T;

async function assemble(
  { gatewayPort = 0, simulatorPort = 0, twilioLatencyMs = 0, leaseSeconds = 60 }: StackOptions,
  keep: Keep,
  onProgress: (what: string) => void,
): Promise<Omit<Stack, "stop">> {
  const logFolder = `${ROOT}/.local/logs`;
  mkdirSync(logFolder, { recursive: true });
  const targets: Record<string, string> = {};
  const { hosting } = FirebaseJson.parse(JSON.parse(readFileSync(`${ROOT}/firebase.json`, "utf8")));
  const publicFolder = `${ROOT}/${hosting.public}`;

  onProgress("gateway, Twilio simulator, Cloud KMS, Secret Manager, SMTP, Slack");
  const gateway = keep(
    await startGateway({ port: gatewayPort, publicFolder, rewrites: hosting.rewrites, targets }),
    (part) => part.stop(),
  );
  const simulator = keep(
    await startTwilioSimulator({
      port: await claimPort(simulatorPort, "the Twilio simulator"),
      latencyMs: twilioLatencyMs,
    }),
    (part) => part.close(),
  );
  const kms = keep(await startKmsServer({ projectId: PROJECT }), (part) => part.stop());
  const smtp = keep(await startSmtpSink(), (part) => part.stop());
  const slack = keep(await startSlackSink(), (part) => part.stop());
  const secrets = keep(
    await startSecretManagerServer({
      projectId: PROJECT,
      secrets: {
        "twilio-account-sid": simulator.main.accountSid,
        "twilio-auth-token": simulator.main.authToken,
        "twilio-phone-number": DEFAULT_NUMBERS.join(","),
      },
    }),
    (part) => part.stop(),
  );

  onProgress("Firestore, Pub/Sub and Auth emulators, building the functions");
  const events = keep(await startFirestoreEvents({ authContext: () => SERVICE_ACCOUNT }), (part) =>
    part.close(),
  );
  const [firestore, pubsubEmulator, auth] = await Promise.all([
    startFirestoreEmulator({
      projectId: PROJECT,
      rulesFile: `${ROOT}/firestore.rules`,
      functionsEmulator: events.host,
    }).then((part) => keep(part, () => part.stop())),
    startPubSubEmulator().then((part) => keep(part, () => part.stop())),
    startAuthEmulator({ projectId: PROJECT }).then((part) => keep(part, () => part.stop())),
    buildFunctions(ROOT),
  ]);

  Object.assign(process.env, {
    FIRESTORE_EMULATOR_HOST: firestore.host,
    PUBSUB_EMULATOR_HOST: pubsubEmulator.host,
    FIREBASE_AUTH_EMULATOR_HOST: auth.host,
    METADATA_SERVER_DETECTION: "none",
  });
  const env = {
    GOOGLE_CLOUD_PROJECT: PROJECT,
    FIRESTORE_EMULATOR_HOST: firestore.host,
    PUBSUB_EMULATOR_HOST: pubsubEmulator.host,
    FIREBASE_AUTH_EMULATOR_HOST: auth.host,
    METADATA_SERVER_DETECTION: "none",
    KMS_KEY_NAME: kms.keyName,
    KMS_ENDPOINT: kms.endpoint,
    SECRET_MANAGER_ENDPOINT: secrets.endpoint,
    TWILIO_API_BASE_URL: simulator.url,
    PUBLIC_WEBHOOK_BASE: gateway.url,
    PARTY_HASH_KEY,
    CALLER_TOKENS: "local",
    SEND_MESSAGE_AUDIENCE: LOCAL_AUDIENCE,
    AUDIT_TRUSTED_PRINCIPALS: SERVICE_ACCOUNT.id,
    DASHBOARD_ORIGIN: gateway.url,
    SMTP_URL: smtp.url,
    MAIL_FROM: "Salon Flow <no-reply@salonflow.example>",
    SLACK_WEBHOOK_URL: slack.slackUrl,
    SECURITY_WEBHOOK_URL: slack.webhookUrl,
    SECURITY_WEBHOOK_SECRET: slack.webhookSecret,
    MESSAGE_LEASE_SECONDS: String(leaseSeconds),
    UNCERTAIN_RECHECK_SECONDS: "2",
  };

  onProgress(`${DEPLOYMENTS.length} functions`);
  const functions = new Map<string, FunctionProcess>();
  await Promise.all(
    DEPLOYMENTS.map(async (deployment) => {
      const started = keep(await startDeployment(deployment, env, logFolder), (part) => part.stop());
      functions.set(deployment.name, started);
      targets[deployment.name] = started.url;
    }),
  );
  const fn = (name: string): FunctionProcess => {
    const found = functions.get(name);
    if (found === undefined) throw new Error(`There is no function ${name}.`);
    return found;
  };

  onProgress("triggers and schedules");
  for (const { name, trigger } of DEPLOYMENTS) {
    if (trigger.kind !== "document") continue;
    events.forward(name, fn(name).url);
    const { eventType, pattern: document } = trigger;
    await registerFirestoreTrigger({
      host: firestore.host,
      projectId: PROJECT,
      triggerId: name,
      eventType,
      document,
    });
  }
  const routes = DEPLOYMENTS.flatMap(({ name, trigger }) =>
    trigger.kind === "topic" ? [{ topic: trigger.topic, url: fn(name).url }] : [],
  );
  const pubsub = new PubSub({ projectId: PROJECT });
  keep(
    await startPubSubBridge({
      host: pubsubEmulator.host,
      projectId: PROJECT,
      routes,
      topics: PUBLISHED_TOPICS,
    }),
    (part) => part.close(2_000),
  );
  const scheduler = keep(startScheduler(pubsub), (part) => part.stop());
  const database = createDatabase(PROJECT);
  keep(database, (part) => part.firestore.terminate());
  return {
    projectId: PROJECT,
    gatewayUrl: gateway.url,
    logFolder,
    database,
    pubsub,
    kms,
    simulator,
    smtp,
    fn,
    tick: scheduler.tick,
  };
}

function startDeployment(
  { name, source, trigger }: Deployment,
  env: Record<string, string>,
  logFolder: string,
): Promise<FunctionProcess> {
  return startFunction({
    name,
    folder: `${ROOT}/dist/${source}`,
    target: source,
    signatureType: trigger.kind === "http" ? "http" : "cloudevent",
    env,
    logFile: `${logFolder}/${name}.log`,
  });
}
