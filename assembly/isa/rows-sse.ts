// Rows of the instruction table: sse.
import type { Row } from './opcodes.js';

export const ROWS_SSE: readonly Row[] = [];
