// Plugins: there are none, and clients are told so. Docker Engine API, "Plugins".
import { NotFound } from '../engine/errors.js';
import { parseFilters } from '../engine/filters.js';
import type { HttpAnswer } from '../http/message.js';
import type { Router } from '../http/router.js';
import { json } from './answers.js';

const REFUSED = 'plugins can not be installed here: volumes, networks and logs are the daemon’s own';

export function pluginRoutes(router: Router): void {
  router.add('GET', '/plugins', async (request) => {
    parseFilters(request.query.get('filters'));
    return json([]);
  });
  const refused = async (): Promise<HttpAnswer> => json({ message: REFUSED }, 500);
  router.add('GET', '/plugins/privileges', refused);
  for (const path of ['/plugins/pull', '/plugins/create']) router.add('POST', path, refused);
  const absent = (method: string, path: string): void =>
    router.add(method, path, (_request, { name }) => Promise.reject(new NotFound(`plugin "${name}" not found`)));
  absent('GET', '/plugins/{name...}/json');
  absent('DELETE', '/plugins/{name...}');
  for (const action of ['enable', 'disable', 'upgrade', 'push', 'set']) absent('POST', `/plugins/{name...}/${action}`);
}
