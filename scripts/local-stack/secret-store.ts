import { status } from "@grpc/grpc-js";
import { GrpcRefusal } from "./grpc-server.ts";

export interface SecretVersion {
  readonly data: Buffer;
  readonly createdAt: Date;
  state: "ENABLED" | "DISABLED" | "DESTROYED";
}

const VERSION_NAME = /^(projects\/[^/]+\/secrets\/[^/]+)\/versions\/(latest|\d+)$/;

/** The secrets of one project: each a list of versions, numbered from 1. */
export function createSecretStore(projectId: string) {
  const secrets = new Map<string, SecretVersion[]>();

  function versions(secret: string): SecretVersion[] {
    const found = secrets.get(secret);
    if (found === undefined) throw notFound(`Secret [${secret}] not found.`);
    return found;
  }

  return {
    /** All versions, oldest first; the list itself, so that one may be added. */
    versions,

    /** `latest` is the most recently created version, even one that is disabled or destroyed. */
    version(resource: string): { name: string; version: SecretVersion } {
      const [, secret, wanted] = VERSION_NAME.exec(resource) ?? [];
      if (secret === undefined)
        throw new GrpcRefusal(status.INVALID_ARGUMENT, `${resource} names no version.`);
      const all = versions(secret);
      const number = wanted === "latest" ? all.length : Number(wanted);
      const version = all[number - 1];
      if (version === undefined) throw notFound(`Secret Version [${resource}] not found.`);
      return { name: `${secret}/versions/${number}`, version };
    },

    create(parent: string, secretId: string): string {
      if (parent !== `projects/${projectId}`) throw notFound(`${parent} not found.`);
      const name = `${parent}/secrets/${secretId}`;
      if (secrets.has(name)) throw new GrpcRefusal(status.ALREADY_EXISTS, `Secret [${name}] already exists.`);
      secrets.set(name, []);
      return name;
    },

    /** Adds a version, creating the secret if need be. */
    put(secretId: string, data: Buffer): void {
      const name = `projects/${projectId}/secrets/${secretId}`;
      const all = secrets.get(name) ?? [];
      all.push({ data, state: "ENABLED", createdAt: new Date() });
      secrets.set(name, all);
    },
  };
}

function notFound(message: string): GrpcRefusal {
  return new GrpcRefusal(status.NOT_FOUND, message);
}
