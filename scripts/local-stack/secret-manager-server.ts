import { crc32c } from "@aws-crypto/crc32c";
import { status } from "@grpc/grpc-js";
import { z } from "zod";
import { type GrpcFault, GrpcRefusal, startGrpcServer } from "./grpc-server.ts";
import { createSecretStore, type SecretVersion } from "./secret-store.ts";

export type SecretManagerFault = GrpcFault | { readonly kind: "wrong_crc" };

export interface SecretManagerServer {
  /** host:port for the client's `apiEndpoint` and `port`, over an insecure channel. */
  readonly endpoint: string;
  /** Adds a version, creating the secret if there is none of that id. */
  setSecret(secretId: string, value: string): void;
  /** How many calls arrived, refused ones included. */
  calls(): { access: number; add: number };
  setFault(fault: SecretManagerFault | undefined): void;
  stop(): Promise<void>;
}

interface Options {
  readonly port?: number;
  readonly projectId?: string;
  /** Value by secret id: each its version 1. */
  readonly secrets: Readonly<Record<string, string>>;
}

const MAX_BYTES = 64 * 1024;

const Named = z.object({ name: z.string() });
const CreateSecret = z.object({ parent: z.string(), secretId: z.string().regex(/^[\w-]{1,255}$/) });
const AddVersion = z.object({
  parent: z.string(),
  payload: z.object({ data: z.instanceof(Buffer), dataCrc32c: z.coerce.number().nullish() }),
});
const ListVersions = z.object({ parent: z.string(), filter: z.string() });

/** Secret Manager on loopback, for the real client. */
export async function startSecretManagerServer(options: Options): Promise<SecretManagerServer> {
  const projectId = options.projectId ?? "salon-flow-local";
  const store = createSecretStore(projectId);
  for (const [secretId, value] of Object.entries(options.secrets)) store.put(secretId, Buffer.from(value));
  const counts = { access: 0, add: 0 };
  let fault: SecretManagerFault | undefined;

  const changeState = (state: SecretVersion["state"]) => (message: unknown) => {
    const { name, version } = store.version(Named.parse(message).name);
    if (version.state === "DESTROYED") throw refuse("FAILED_PRECONDITION", `${name} is DESTROYED.`);
    version.state = state;
    return describeVersion(name, version);
  };

  const server = await startGrpcServer({
    client: "@google-cloud/secret-manager",
    service: "google.cloud.secretmanager.v1.SecretManagerService",
    port: options.port ?? 0,
    fault: () => fault,
    onCall: (method) => {
      if (method === "AccessSecretVersion") counts.access += 1;
      if (method === "AddSecretVersion") counts.add += 1;
    },
    methods: {
      AccessSecretVersion: (message) => {
        const { name, version } = store.version(Named.parse(message).name);
        if (version.state !== "ENABLED")
          throw refuse("FAILED_PRECONDITION", `${name} is in ${version.state} state.`);
        const sum = crc32c(version.data) + (fault?.kind === "wrong_crc" ? 1 : 0);
        return { name, payload: { data: version.data, dataCrc32c: String(sum) } };
      },
      GetSecretVersion: (message) => {
        const { name, version } = store.version(Named.parse(message).name);
        return describeVersion(name, version);
      },
      ListSecretVersions: (message) => {
        const { parent, filter } = ListVersions.parse(message);
        if (filter !== "") throw refuse("UNIMPLEMENTED", "This local server does not filter.");
        const versions = store.versions(parent);
        const described = versions.map((version, index) =>
          describeVersion(`${parent}/versions/${index + 1}`, version),
        );
        return { versions: described.reverse(), totalSize: versions.length };
      },
      CreateSecret: (message) => {
        const { parent, secretId } = CreateSecret.parse(message);
        return { name: store.create(parent, secretId), replication: { automatic: {} } };
      },
      AddSecretVersion: (message) => {
        const { parent, payload } = AddVersion.parse(message);
        const { data, dataCrc32c } = payload;
        if (data.length > MAX_BYTES) throw refuse("INVALID_ARGUMENT", "A secret takes at most 64 KiB.");
        if (typeof dataCrc32c === "number" && dataCrc32c !== crc32c(data)) {
          throw refuse("INVALID_ARGUMENT", "The checksum does not match the data.");
        }
        const versions = store.versions(parent);
        const version: SecretVersion = { data, state: "ENABLED", createdAt: new Date() };
        return describeVersion(`${parent}/versions/${versions.push(version)}`, version);
      },
      EnableSecretVersion: changeState("ENABLED"),
      DisableSecretVersion: changeState("DISABLED"),
      DestroySecretVersion: changeState("DESTROYED"),
    },
  });

  return {
    endpoint: server.endpoint,
    setSecret: (secretId, value) => store.put(secretId, Buffer.from(value)),
    calls: () => ({ ...counts }),
    setFault: (next) => {
      fault = next;
    },
    stop: server.stop,
  };
}

function describeVersion(name: string, { state, createdAt }: SecretVersion) {
  return { name, state, createTime: { seconds: Math.floor(createdAt.getTime() / 1000), nanos: 0 } };
}

function refuse(
  code: "FAILED_PRECONDITION" | "INVALID_ARGUMENT" | "UNIMPLEMENTED",
  message: string,
): GrpcRefusal {
  return new GrpcRefusal(status[code], message);
}
