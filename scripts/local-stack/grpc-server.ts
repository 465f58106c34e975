import { createRequire } from "node:module";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { type AnyDefinition, fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { claimPort } from "./free-port.ts";

/** How a server misbehaves until told otherwise; a service may add kinds of its own. */
export type GrpcFault =
  | { readonly kind: "unavailable" }
  | { readonly kind: "denied" }
  | { readonly kind: "slow"; readonly ms: number };

/** A refusal with the gRPC status that the client will see. */
export class GrpcRefusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = "GrpcRefusal";
    this.code = code;
  }
}

interface Service {
  /** The npm package of the real client: its own description of the service is the one we serve. */
  readonly client: string;
  readonly service: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly methods: Readonly<Record<string, (request: unknown) => object>>;
  /** Asked at the start of every call, so that a test can change its mind between two calls. */
  readonly fault: () => { readonly kind: string; readonly ms?: number } | undefined;
  /** Told of every call, also of one that a fault will refuse. */
  readonly onCall: (method: string) => void;
}

/** Serves one Google API on loopback, without TLS. Methods that are not given answer UNIMPLEMENTED. */
export async function startGrpcServer(options: Service) {
  const server = new Server();
  const handlers = Object.keys(options.methods).map((name) => [name, createHandler(options, name)]);
  server.addService(loadService(options), Object.fromEntries(handlers));
  if (options.port !== 0) await claimPort(options.port, options.service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  // A client keeps its connection open for minutes, so a graceful shutdown would wait for it.
  return { endpoint: `127.0.0.1:${port}`, stop: async () => server.forceShutdown() };
}

function createHandler({ methods, fault, onCall }: Service, name: string) {
  return (call: ServerUnaryCall<unknown, object>, answer: sendUnaryData<object>) => {
    onCall(name);
    const current = fault();
    if (current?.kind === "unavailable") return answer({ code: status.UNAVAILABLE, details: "down" });
    if (current?.kind === "denied") return answer({ code: status.PERMISSION_DENIED, details: "denied" });
    setTimeout(() => {
      try {
        answer(null, methods[name]?.(call.request));
      } catch (error) {
        const code = error instanceof GrpcRefusal ? error.code : status.INTERNAL;
        answer({ code, details: error instanceof Error ? error.message : "unknown" });
      }
    }, current?.ms ?? 0);
  };
}

function loadService({ client, service }: Service): ServiceDefinition {
  const load = createRequire(import.meta.url);
  const description = load(`${client}/build/protos/protos.json`);
  const definition = fromJSON(description, { longs: String, enums: String, defaults: true })[service];
  if (definition === undefined || !isService(definition)) throw new Error(`${client} has no ${service}.`);
  return definition;
}

function isService(definition: AnyDefinition): definition is ServiceDefinition {
  return !("format" in definition);
}
