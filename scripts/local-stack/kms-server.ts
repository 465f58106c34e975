import { crc32c } from "@aws-crypto/crc32c";
import { type GrpcFault, startGrpcServer } from "./grpc-server.ts";
import { type CryptoKey, createCryptoKey } from "./kms-keys.ts";
import { invalid, notFound, parseDecrypt, parseEncrypt, parseGetCryptoKey } from "./kms-requests.ts";

/** `wrong_crc`: answers with checksums that do not fit. `unverified_crc`: says it never got the request's. */
export type KmsFault = GrpcFault | { readonly kind: "wrong_crc" } | { readonly kind: "unverified_crc" };

export interface KmsServer {
  /** host:port for the client's `apiEndpoint` and `port`, over an insecure channel. */
  readonly endpoint: string;
  /** Name of a key that exists already. Any other key of the same project comes to be by encrypting with it. */
  readonly keyName: string;
  /** How many calls arrived, refused ones included. */
  calls(): { encrypt: number; decrypt: number };
  setFault(fault: KmsFault | undefined): void;
  /** Adds a version to the key and makes it primary. */
  rotateKey(keyName?: string): void;
  stop(): Promise<void>;
}

interface Options {
  readonly port?: number;
  /** Keys of other projects are not found. */
  readonly projectId?: string;
}

/** Cloud KMS on loopback, for the real client: Encrypt, Decrypt and GetCryptoKey of symmetric software keys. */
export async function startKmsServer(options: Options = {}): Promise<KmsServer> {
  const { port = 0, projectId = "salon-flow-local" } = options;
  const keyName = `projects/${projectId}/locations/asia-south1/keyRings/salon-flow/cryptoKeys/credentials`;
  const keys = new Map<string, CryptoKey>([[keyName, createCryptoKey()]]);
  const counts = { encrypt: 0, decrypt: 0 };
  let fault: KmsFault | undefined;

  const server = await startGrpcServer({
    client: "@google-cloud/kms",
    service: "google.cloud.kms.v1.KeyManagementService",
    port,
    fault: () => fault,
    onCall: (method) => {
      if (method === "Encrypt") counts.encrypt += 1;
      if (method === "Decrypt") counts.decrypt += 1;
    },
    methods: {
      Encrypt: (message) => encrypt(keys, parseEncrypt(message, projectId), fault),
      Decrypt: (message) => decrypt(keys, parseDecrypt(message, projectId), fault),
      GetCryptoKey: (message) => describeKey(keys, parseGetCryptoKey(message, projectId)),
    },
  });

  return {
    endpoint: server.endpoint,
    keyName,
    calls: () => ({ ...counts }),
    setFault: (next) => {
      fault = next;
    },
    rotateKey: (name = keyName) => findKey(keys, name).rotate(),
    stop: server.stop,
  };
}

type Keys = Map<string, CryptoKey>;

function encrypt(keys: Keys, request: ReturnType<typeof parseEncrypt>, fault: KmsFault | undefined) {
  const { keyName, plaintext, associatedData, verifiedPlaintext, verifiedAssociatedData } = request;
  const key = keys.get(keyName) ?? createCryptoKey();
  keys.set(keyName, key);
  const version = request.version ?? key.primary();
  if (!key.has(version)) throw notFound(`${keyName}/cryptoKeyVersions/${version}`);
  const ciphertext = key.encrypt(version, plaintext, associatedData);
  const heard = fault?.kind !== "unverified_crc";
  return {
    name: `${keyName}/cryptoKeyVersions/${version}`,
    ciphertext,
    ciphertextCrc32c: checksumOf(ciphertext, fault),
    verifiedPlaintextCrc32c: verifiedPlaintext && heard,
    verifiedAdditionalAuthenticatedDataCrc32c: verifiedAssociatedData && heard,
    protectionLevel: "SOFTWARE",
  };
}

function decrypt(keys: Keys, request: ReturnType<typeof parseDecrypt>, fault: KmsFault | undefined) {
  const key = findKey(keys, request.keyName);
  const opened = key.decrypt(request.ciphertext, request.associatedData);
  if (opened === undefined) throw invalid("Decryption failed: the ciphertext is invalid.");
  const { plaintext, version } = opened;
  return {
    plaintext,
    plaintextCrc32c: checksumOf(plaintext, fault),
    usedPrimary: version === key.primary(),
    protectionLevel: "SOFTWARE",
  };
}

function describeKey(keys: Keys, name: string) {
  const template = { protectionLevel: "SOFTWARE", algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION" };
  const primary = `${name}/cryptoKeyVersions/${findKey(keys, name).primary()}`;
  return {
    name,
    purpose: "ENCRYPT_DECRYPT",
    primary: { name: primary, state: "ENABLED", ...template },
    versionTemplate: template,
  };
}

function findKey(keys: Keys, name: string): CryptoKey {
  const key = keys.get(name);
  if (key === undefined) throw notFound(name);
  return key;
}

function checksumOf(value: Buffer, fault: KmsFault | undefined): { value: string } {
  const sum = crc32c(value);
  return { value: String(fault?.kind === "wrong_crc" ? (sum + 1) % 2 ** 32 : sum) };
}
