// What the engines that tests drive change of this host for all, put back when the last test has ended: files run side by side.
// CNI's bridge plugin, of podman and of containerd, sets net.ipv4.ip_forward.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const FORWARD = '/proc/sys/net/ipv4/ip_forward';

/** What is returned puts it back. */
export default function keep(): (() => void) | undefined {
  if (!existsSync(FORWARD)) return undefined;
  const before = readFileSync(FORWARD, 'utf8');
  return () => {
    if (readFileSync(FORWARD, 'utf8') !== before) writeFileSync(FORWARD, before);
  };
}
