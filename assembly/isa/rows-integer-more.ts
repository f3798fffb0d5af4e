// Rows of the instruction table: shifts, multiplication, BCD, bits, strings, I/O.
import type { Row } from './opcodes.js';

export const ROWS_INTEGER_MORE: readonly Row[] = [];
