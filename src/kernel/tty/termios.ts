// A terminal's settings. man 3 termios; as Linux's tty_std_termios and INIT_C_CC have them.
import {
  B38400,
  CREAD,
  CS8,
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ICANON,
  ICRNL,
  IEXTEN,
  ISIG,
  IXON,
  ONLCR,
  OPOST,
  VDISCARD,
  VEOF,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VMIN,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VWERASE,
} from '../abi/termios.js';

const CHARACTERS = 19;
/** _POSIX_VDISABLE. */
export const DISABLED = 0;

export interface TermiosValues {
  iflag: number;
  oflag: number;
  cflag: number;
  lflag: number;
  line: number;
  cc: number[];
}

export interface WindowSize {
  rows: number;
  columns: number;
  xpixel: number;
  ypixel: number;
}

export class Termios implements TermiosValues {
  iflag = ICRNL | IXON;
  oflag = OPOST | ONLCR;
  cflag = B38400 | CS8 | CREAD;
  lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
  line = 0;
  cc = new Array<number>(CHARACTERS).fill(DISABLED);

  constructor() {
    const set: [number, number][] = [
      [VINTR, 3],
      [VQUIT, 28],
      [VERASE, 127],
      [VKILL, 21],
      [VEOF, 4],
      [VMIN, 1],
      [VSTART, 17],
      [VSTOP, 19],
      [VSUSP, 26],
      [VREPRINT, 18],
      [VDISCARD, 15],
      [VWERASE, 23],
      [VLNEXT, 22],
    ];
    for (const [index, value] of set) this.cc[index] = value;
  }

  is(flags: 'iflag' | 'oflag' | 'lflag' | 'cflag', bit: number): boolean {
    return (this[flags] & bit) !== 0;
  }

  /** Whether it is the special character of `which`. */
  isCharacter(character: number, which: number): boolean {
    return this.cc[which] === character && character !== DISABLED;
  }
}
