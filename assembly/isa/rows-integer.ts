// Rows of the instruction table: integer.
import type { Row } from './opcodes.js';

export const ROWS_INTEGER: readonly Row[] = [];
