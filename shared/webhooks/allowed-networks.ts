import type { z } from "zod";
import type { AddressList } from "#shared/core/address-list.ts";
import type { variables } from "#shared/core/config.ts";
import { AppError } from "#shared/core/errors.ts";

type Config = Pick<
  z.infer<typeof variables>,
  "TWILIO_WEBHOOK_ALLOWED_CIDRS" | "TRUSTED_PROXY_HOPS" | "WEBHOOK_INGRESS"
>;

/**
 * The networks that webhooks may come from; undefined for all. Throws where the list would keep nobody out: who reaches
 * the function past its proxies writes the entries that the proxies should have appended.
 */
export function allowedNetworks(config: Config): AddressList | undefined {
  const {
    TWILIO_WEBHOOK_ALLOWED_CIDRS: networks,
    TRUSTED_PROXY_HOPS: hops,
    WEBHOOK_INGRESS: ingress,
  } = config;
  if (networks === undefined || hops === 0 || ingress === "proxies-alone") return networks;
  const message =
    "Configuration: TWILIO_WEBHOOK_ALLOWED_CIDRS with TRUSTED_PROXY_HOPS needs WEBHOOK_INGRESS=proxies-alone. See .env.example.";
  throw new AppError("internal", message);
}
