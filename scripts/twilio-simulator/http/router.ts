export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** `path` is a template as OpenAPI writes it: `/2010-04-01/Accounts/{AccountSid}/Calls.json`. */
export interface Route<Handler> {
  readonly method: Method;
  readonly path: string;
  readonly handler: Handler;
}

export interface Match<Handler> {
  readonly route: Route<Handler>;
  readonly pathParameters: ReadonlyMap<string, string>;
}

export type Found<Handler> = Match<Handler> | "no such path" | "no such method";

/** Finds the route for a request; the first of several that fit wins. */
export function createRouter<Handler>(routes: readonly Route<Handler>[]) {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (method: string, path: string): Found<Handler> => {
    let pathExists = false;
    for (const { route, pattern } of compiled) {
      const found = pattern.exec(path);
      if (found === null) continue;
      pathExists = true;
      if (route.method !== method) continue;
      return { route, pathParameters: new Map(Object.entries(found.groups ?? {}).map(decoded)) };
    }
    return pathExists ? "no such method" : "no such path";
  };
}

function patternOf(template: string): RegExp {
  const escaped = template.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\{(\w+)\}/g, "(?<$1>[^/]+?)")}$`);
}

function decoded([name, value]: [string, string]): [string, string] {
  try {
    return [name, decodeURIComponent(value)];
  } catch {
    return [name, value];
  }
}
