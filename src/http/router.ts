// Which handler a request goes to: routes with named parts, the method first. A route's part `{name}` is one part of the path, `{name...}`
// several. Ours.
import { decodePart, type HttpRequest, type Reply } from './message.js';

export type Parameters = Readonly<Record<string, string>>;
export type RouteHandler = (request: HttpRequest, parameters: Parameters) => Promise<Reply>;

interface Route {
  method: string;
  pattern: RegExp;
  names: readonly string[];
  handler: RouteHandler;
}

export class Router {
  private readonly routes: Route[] = [];

  add(method: string, path: string, handler: RouteHandler): void {
    const names: string[] = [];
    const pattern = path.replace(/\{(\w+)(\.\.\.)?\}/g, (_all, name: string, many: string | undefined) => {
      names.push(name);
      return many ? '(.+)' : '([^/]+)';
    });
    this.routes.push({ method, pattern: new RegExp(`^${pattern}$`), names, handler });
  }

  /** Undefined: there is no such route; `wrong method`: there is one, of another method. */
  find(method: string, path: string): { handler: RouteHandler; parameters: Parameters } | 'wrong method' | undefined {
    let known = false;
    for (const route of this.routes) {
      const match = route.pattern.exec(path);
      if (!match) continue;
      if (route.method !== method) {
        known = true;
        continue;
      }
      const values = match.slice(1).map((part) => decodePart(part));
      if (values.some((value) => value === undefined)) continue;
      return {
        handler: route.handler,
        parameters: Object.fromEntries(route.names.map((name, i) => [name, values[i]!])),
      };
    }
    return known ? 'wrong method' : undefined;
  }
}
