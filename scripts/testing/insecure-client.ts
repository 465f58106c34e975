import { credentials } from "@grpc/grpc-js";

/** Options that point a Google client at one of our gRPC servers on loopback. */
export function insecureClient(endpoint: string) {
  const [apiEndpoint = "", port] = endpoint.split(":");
  return {
    apiEndpoint,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    projectId: "salon-flow-local",
  };
}
