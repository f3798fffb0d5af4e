// Rows of the instruction table: x87.
import type { Row } from './opcodes.js';

export const ROWS_X87: readonly Row[] = [];
