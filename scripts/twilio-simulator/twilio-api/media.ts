import { createHash } from "node:crypto";
import { contentTypeOf } from "../world/media-type.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, pathParameter } from "./api-request.ts";
import { rfc2822 } from "./dates.ts";
import { TwilioError } from "./error.ts";
import { pageOf } from "./paging.ts";

/** What came with a message: listed, and not served, since the simulator keeps addresses and no pictures. */
export function createMediaResource({ messages }: World): Record<"list", ApiHandler> {
  return {
    list(request) {
      const message = messages.find(pathParameter(request, "MessageSid"));
      if (message?.accountSid !== request.account.sid)
        throw new TwilioError(20404, `The requested resource ${request.path} was not found`);
      const { sid: parent_sid, accountSid: account_sid, dateCreated, mediaUrls } = message;
      const date = rfc2822(dateCreated);
      const items = mediaUrls.map((url, index) => {
        const sid = `ME${createHash("sha256").update(`${parent_sid}/${index}`).digest("hex").slice(0, 32)}`;
        const uri = `/2010-04-01/Accounts/${account_sid}/Messages/${parent_sid}/Media/${sid}.json`;
        return {
          sid,
          account_sid,
          parent_sid,
          content_type: contentTypeOf(url),
          date_created: date,
          date_updated: date,
          uri,
        };
      });
      return pageOf(request, {
        key: "media_list",
        items,
        tokenOf: ({ sid }) => sid,
        present: (item) => item,
      });
    },
  };
}
