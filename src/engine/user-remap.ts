// Users of containers that are others on the node: root of a container is nobody there. Docker docs, "Isolate containers with a user
// namespace": dockerd --userns-remap, docker run --userns=host.
import type { IdMappings } from '../base/runtime-spec.js';
import type { HostConfig } from './container-config.js';
import { InvalidParameter } from './errors.js';

/** A container's own; undefined: its ids are the node's. */
export function ownersOf(remap: IdMappings | undefined, { UsernsMode }: HostConfig): IdMappings | undefined {
  return UsernsMode === 'host' ? undefined : remap;
}

/** What is the node's own is not for who is nobody there. Throws InvalidParameter, in dockerd's words. */
export function checkUsers(remap: IdMappings | undefined, host: HostConfig): void {
  if (host.UsernsMode !== '' && host.UsernsMode !== 'host')
    throw new InvalidParameter(`invalid user namespace mode: ${host.UsernsMode}`);
  if (!ownersOf(remap, host)) return;
  const because = 'when user namespaces are enabled';
  if (host.Privileged)
    throw new InvalidParameter(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    );
  if (host.NetworkMode === 'host') throw new InvalidParameter(`cannot share the host's network namespace ${because}`);
  if (host.PidMode === 'host') throw new InvalidParameter(`cannot share the host PID namespace ${because}`);
}
