// Signals as clients name them: TERM, SIGTERM, 15. man 7 signal (i386).
import { InvalidParameter } from './errors.js';

const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );
const LAST = 64;
const RTMIN = 34;

/** Throws InvalidParameter. */
export function signalOf(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= LAST) return Number(text);
  const name = text.toUpperCase().replace(/^SIG/, '');
  const at = NAMES.indexOf(name);
  if (at >= 0) return at + 1;
  const real = /^RTMIN(?:\+(\d{1,2}))?$/.exec(name);
  if (real && RTMIN + Number(real[1] ?? 0) <= LAST) return RTMIN + Number(real[1] ?? 0);
  throw new InvalidParameter(`invalid signal: ${text}`);
}
