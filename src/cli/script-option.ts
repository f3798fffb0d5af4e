// `--send-after TEXT=INPUT` and `--exit-on TEXT=STATUS`, from text to values.
// Ours; escapes as printf(1) has them.
import { InputError } from '../base/errors.js';

export interface SendOption {
  text: string;
  input: string;
}

export interface ExitOption {
  text: string;
  status: number;
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', e: '\x1b', '\\': '\\', '=': '=' };

/** `\n`, `\r`, `\t`, `\e`, `\\`, `\=` and `\xHH`. */
function literally(option: string, text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|(.?))/gis, (whole, hex: string | undefined, letter: string) => {
    const meant = hex === undefined ? ESCAPES[letter] : String.fromCharCode(Number.parseInt(hex, 16));
    if (meant !== undefined) return meant;
    throw new InputError(`${option}: ${whole} is no escape`, 'There are \\n, \\r, \\t, \\e, \\xHH, \\= and \\\\.');
  });
}

/** At the first `=` that has no backslash before it. */
function halves(option: string, given: string, usage: string): [text: string, rest: string] {
  const match = /^((?:[^\\=]|\\.)+)=(.+)$/s.exec(given);
  if (!match) throw new InputError(`${option} ${given}: not a text, = and what then`, usage);
  return [literally(option, match[1]), match[2]];
}

export function parseSendAfter(given: string): SendOption {
  const usage = "Write it as --send-after 'login: =root\\n'.";
  const [text, input] = halves('--send-after', given, usage);
  return { text, input: literally('--send-after', input) };
}

export function parseExitOn(given: string): ExitOption {
  const usage = "Write it as --exit-on 'tests passed=0', with a status of 0 to 255.";
  const [text, status] = halves('--exit-on', given, usage);
  if (!/^\d{1,3}$/.test(status) || Number(status) > 255)
    throw new InputError(`--exit-on ${given}: ${status} is no exit status`, usage);
  return { text, status: Number(status) };
}
