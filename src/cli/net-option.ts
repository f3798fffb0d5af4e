// `--net`: which card, what network is behind it, what may pass.
// Ours, in the manner of QEMU's -netdev user.
import { InputError } from '../base/errors.js';
import { parseAddress } from '../net/ipv4.js';
import { type Allowed, parseAllowed } from '../net/policy.js';

/** A port of the host whose connections go to a port of the guest. */
export interface Forward {
  host: string;
  port: number;
  /** Undefined: the first guest. */
  guest?: number;
  guestPort: number;
}

export interface NetOption {
  /** Undefined: what suits the mode. */
  card?: 'ne2000' | 'virtio';
  allowed: Allowed[];
  forwards: Forward[];
}

const USAGE = 'Write it as --net user,allow=127.0.0.1:8000,forward=127.0.0.1:8080-:80 or --net none.';

/** `none` is undefined. Throws InputError. */
export function parseNet(text: string): NetOption | undefined {
  const [kind, ...settings] = text.split(',');
  if (kind === 'none' && settings.length === 0) return undefined;
  if (kind !== 'user') throw new InputError(`--net ${text}: unknown`, USAGE);
  const option: NetOption = { allowed: [], forwards: [] };
  for (const setting of settings) {
    const at = setting.indexOf('=');
    const value = setting.slice(at + 1);
    if (setting.startsWith('allow=')) option.allowed.push(parseAllowed(value));
    else if (setting.startsWith('forward=')) option.forwards.push(parseForward(value));
    else if ((value === 'ne2000' || value === 'virtio') && setting.startsWith('card=')) option.card = value;
    else throw new InputError(`--net ${text}: unknown setting ${setting}`, USAGE);
  }
  return option;
}

/** `[HOST]:PORT-[GUEST]:PORT`; without a host it is the loopback. */
function parseForward(text: string): Forward {
  const match = /^([\w.]*):(\d{1,5})-([\d.]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const guestPort = Number(match?.[4]);
  const guest = match?.[3] ? parseAddress(match[3]) : undefined;
  if (!match || port > 65535 || guestPort < 1 || guestPort > 65535 || (match[3] && guest === undefined)) {
    throw new InputError(`--net forward=${text}: not a forwarded port`, 'Write it as forward=127.0.0.1:8080-:80.');
  }
  return { host: match[1] || '127.0.0.1', port, guest, guestPort };
}
