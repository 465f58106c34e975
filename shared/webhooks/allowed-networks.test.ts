import { expect, test } from "vitest";
import { createAddressList } from "#shared/core/address-list.ts";
import { allowedNetworks } from "./allowed-networks.ts";

const networks = createAddressList(["203.0.113.0/24"]);

test("a list that anybody could get around by writing an address does not let the function start", () => {
  const config = {
    TWILIO_WEBHOOK_ALLOWED_CIDRS: networks,
    TRUSTED_PROXY_HOPS: 1,
    WEBHOOK_INGRESS: "all",
  } as const;
  expect(() => allowedNetworks(config)).toThrow("needs WEBHOOK_INGRESS=proxies-alone");
});

test.each([
  { TRUSTED_PROXY_HOPS: 0, WEBHOOK_INGRESS: "all" },
  { TRUSTED_PROXY_HOPS: 1, WEBHOOK_INGRESS: "proxies-alone" },
] as const)("one that nobody gets around counts: %j", (config) => {
  expect(allowedNetworks({ ...config, TWILIO_WEBHOOK_ALLOWED_CIDRS: networks })).toBe(networks);
});

test("without a list anybody may send, through proxies or not", () => {
  const config = { TWILIO_WEBHOOK_ALLOWED_CIDRS: undefined, WEBHOOK_INGRESS: "all" } as const;
  expect(allowedNetworks({ ...config, TRUSTED_PROXY_HOPS: 1 })).toBeUndefined();
});
