// Scripts: '#!' names the program that runs them. man 2 execve; Linux fs/binfmt_script.c.
import { ENOEXEC } from '../abi/errno.js';

/** Bytes of the file that are looked at: BINPRM_BUF_SIZE. */
export const SCRIPT_HEAD = 256;

export interface Script {
  interpreter: string;
  /** All that follows the interpreter on the line, as one argument. */
  argument?: string;
}

export const isScript = (head: Uint8Array): boolean => head[0] === 0x23 && head[1] === 0x21;

export function parseScript(head: Uint8Array): Script | number {
  let line = '';
  let ended = false;
  for (let i = 2; i < Math.min(head.length, SCRIPT_HEAD); i++) {
    if (head[i] === 0x0a || head[i] === 0) {
      ended = true;
      break;
    }
    line += String.fromCharCode(head[i]!);
  }
  // a name that may be cut off is not run
  if (!ended && head.length >= SCRIPT_HEAD && !/^[ \t]*[^ \t]+[ \t]/.test(line)) return -ENOEXEC;
  const match = /^[ \t]*([^ \t]+)(?:[ \t]+(.*?))?[ \t]*$/.exec(line);
  if (!match) return -ENOEXEC;
  return { interpreter: match[1]!, argument: match[2] === '' ? undefined : match[2] };
}
