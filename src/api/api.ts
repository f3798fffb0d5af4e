// The Engine API as one handler: version, route, answer; whatever fails is answered in the API's own words.
// Docker Engine API 1.24 to 1.51.
import type { Engine } from '../engine/engine.js';
import type { Handler, HttpRequest, Reply } from '../http/message.js';
import type { Http2 } from '../http/http2.js';
import { Router } from '../http/router.js';
import { archiveRoutes } from './archive-routes.js';
import { failed, json, isBug } from './answers.js';
import { BuildKit, buildKitRoutes } from '../buildkit/control.js';
import { buildRoutes } from './build-routes.js';
import { containerRoutes } from './container-routes.js';
import { imageRoutes } from './image-routes.js';
import { networkRoutes } from './network-routes.js';
import { pluginRoutes } from './plugin-routes.js';
import { authRoutes } from './registry-auth.js';
import { swarmRoutes } from './swarm-routes.js';
import { type About, systemRoutes } from './system-routes.js';
import { usageRoutes } from './usage-routes.js';
import { API_VERSION, versionOf } from './versions.js';
import { volumeRoutes } from './volume-routes.js';

/** `bug` is told what no handler should have thrown; without `http2` there is no BuildKit. */
export function engineApi(engine: Engine, about: About, bug: (error: unknown) => void, http2?: Http2): Handler {
  const router = new Router();
  systemRoutes(router, engine, about);
  containerRoutes(router, engine, about.root);
  archiveRoutes(router, engine);
  usageRoutes(router, engine);
  imageRoutes(router, engine);
  const buildKit = http2 && new BuildKit(engine, http2, about.version);
  buildRoutes(router, engine, buildKit?.builds);
  buildKitRoutes(router, buildKit);
  volumeRoutes(router, engine);
  networkRoutes(router, engine);
  swarmRoutes(router);
  pluginRoutes(router);
  authRoutes(router, engine);
  const headers = { 'Api-Version': API_VERSION, Server: `tabvisor/${about.version} (linux)`, Ostype: 'linux' };
  return async (request) => {
    const reply = await answer(router, request).catch((error: unknown) => {
      if (isBug(error)) bug(error);
      return failed(error);
    });
    return 'upgraded' in reply ? reply : { ...reply, headers: { ...headers, ...reply.headers } };
  };
}

async function answer(router: Router, request: HttpRequest): Promise<Reply> {
  const { version, rest } = versionOf(request.path);
  const found = router.find(request.method, rest);
  if (found === undefined) return json({ message: 'page not found' }, 404);
  if (found === 'wrong method') return json({ message: `${request.method} is not for ${rest}` }, 405);
  return found.handler({ ...request, path: rest }, { ...found.parameters, version });
}
