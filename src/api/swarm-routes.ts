// What belongs to a swarm: there is none, and clients are told so. Docker Engine API, "Swarm", "Nodes", "Services", "Tasks", "Secrets", "Configs".
import { Unavailable } from '../engine/errors.js';
import { NO_SWARM } from '../engine/networks.js';
import type { Router } from '../http/router.js';

const KINDS = ['nodes', 'services', 'tasks', 'secrets', 'configs'];
const REFUSED = 'there are no swarms here: what a compose file describes is brought up by docker compose';

export function swarmRoutes(router: Router): void {
  const refuse = (method: string, path: string, words: string): void =>
    router.add(method, path, () => Promise.reject(new Unavailable(words)));
  for (const kind of KINDS) {
    refuse('GET', `/${kind}`, NO_SWARM);
    refuse('POST', `/${kind}/create`, NO_SWARM);
    for (const method of ['GET', 'DELETE']) refuse(method, `/${kind}/{id}`, NO_SWARM);
    refuse('POST', `/${kind}/{id}/update`, NO_SWARM);
  }
  refuse('GET', '/swarm', NO_SWARM);
  refuse('GET', '/swarm/unlockkey', NO_SWARM);
  refuse('POST', '/swarm/update', NO_SWARM);
  refuse('POST', '/swarm/unlock', NO_SWARM);
  refuse('POST', '/swarm/init', REFUSED);
  refuse('POST', '/swarm/join', REFUSED);
  refuse('POST', '/swarm/leave', 'This node is not part of a swarm');
}
