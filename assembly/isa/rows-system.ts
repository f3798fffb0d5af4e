// Rows of the instruction table: system.
import type { Row } from './opcodes.js';

export const ROWS_SYSTEM: readonly Row[] = [];
