// `--net`: which card, what network is behind it, what may pass, which switch it shares with other machines.
// Ours, in the manner of QEMU's -netdev user and -nic mac=.
import { resolve } from 'node:path';
import { InputError } from '../base/errors.js';
import type { NetworkRequest } from '../library/platform.js';
import { checkBootFile } from '../net/boot-file.js';
import { parseCardAddress } from '../net/card-address.js';
import { formatStation } from '../net/ethernet.js';
import { type Allowed, parseAllowed } from '../net/policy.js';
import { type Forward, parseForward } from '../net/port-forward.js';

/** What is behind the card, and the card. */
export interface NetOption extends NetworkRequest {
  /** Undefined: what suits the mode. */
  card?: 'ne2000' | 'virtio';
  /** The card's address; undefined: the one that all machines have that are alone. */
  station?: number;
  allowed: Allowed[];
  forwards: Forward[];
}

const USAGE =
  'Write it as --net user,allow=127.0.0.1:8000,forward=127.0.0.1:8080-:80 or --net user,switch=./lan.sock or --net none.';
/** Bytes. An address of a Unix-domain socket has 104 or 108, and a name beside this one is longer. */
const SWITCH_PATH_MAX = 90;
/** In front of a random address: locally administered, as QEMU's are. */
const VENDOR = 0x525400_000000;

/** A comma in a path is written twice. */
const settingsOf = (text: string): string[] => text.split(/(?<!,),(?!,)/);
const pathOf = (setting: string): string => setting.slice('switch='.length).replaceAll(',,', ',');
const has = (settings: readonly string[], name: string): boolean => settings.some((one) => one.startsWith(`${name}=`));

/** `none` is undefined. Throws InputError. */
export function parseNet(text: string): NetOption | undefined {
  const [kind, ...settings] = settingsOf(text);
  if (kind === 'none' && settings.length === 0) return undefined;
  if (kind !== 'user') throw new InputError(`--net ${text}: unknown`, USAGE);
  const option: NetOption = { allowed: [], forwards: [] };
  for (const setting of settings) {
    const at = setting.indexOf('=');
    const value = setting.slice(at + 1);
    if (setting.startsWith('allow=')) option.allowed.push(parseAllowed(value));
    else if (setting.startsWith('forward=')) option.forwards.push(parseForward(value, '--net forward='));
    else if (setting.startsWith('mac=')) option.station = parseCardAddress(value, '--net mac=');
    else if (setting.startsWith('bootfile=')) option.bootFile = checkBootFile(value, '--net bootfile=');
    else if (setting.startsWith('switch=')) option.switchPath = parseSwitch(pathOf(setting));
    else if ((value === 'ne2000' || value === 'virtio') && setting.startsWith('card=')) option.card = value;
    else throw new InputError(`--net ${text}: unknown setting ${setting}`, USAGE);
  }
  return option;
}

/**
 * A machine on a shared switch gets an address that no other has, unless it was given one. As text, so that a snapshot
 * keeps it. `random`: 24 bits. Throws InputError.
 */
export function withAddress(text: string, random: () => number): string {
  const option = parseNet(text);
  if (option?.switchPath === undefined || option.station !== undefined) return text;
  return `${text},mac=${formatStation(VENDOR + random())}`;
}

/** The same from any folder. */
export function withAbsolutePath(text: string): string {
  const absolute = (setting: string): string =>
    setting.startsWith('switch=') ? `switch=${resolve(pathOf(setting)).replaceAll(',', ',,')}` : setting;
  return settingsOf(text).map(absolute).join(',');
}

/**
 * `now` for the machine of a snapshot that was taken with `then`: its guest knows card and address, so those stay. `alone`: the
 * address of a card that was given none. Throws InputError.
 */
export function restoredNet(then: string, now: string, alone: number): string {
  const before = parseNet(then);
  const after = parseNet(now);
  if (!before || !after) return now;
  const station = before.station ?? alone;
  if (after.station !== undefined && after.station !== station) {
    throw new InputError(
      `--net mac=${formatStation(after.station)}: the guest in the snapshot has a card with ${formatStation(station)}`,
      'Leave mac= out, or start the machine anew.',
    );
  }
  const settings = settingsOf(now);
  if (before.card && !has(settings, 'card')) settings.push(`card=${before.card}`);
  if (!has(settings, 'mac')) settings.push(`mac=${formatStation(station)}`);
  return settings.join(',');
}

function parseSwitch(path: string): string {
  if (path === '') throw new InputError('--net switch=: no path', 'Write it as --net user,switch=./lan.sock.');
  const bytes = Buffer.byteLength(path);
  if (bytes > SWITCH_PATH_MAX) {
    throw new InputError(
      `--net switch=${path}: ${bytes} bytes; the path of a socket has at most ${SWITCH_PATH_MAX} here`,
      'Choose a shorter one, or write it from the current folder on.',
    );
  }
  return path;
}
