// THE INSTRUCTION TABLE: one row an opcode, pure data; decoder, dispatch and test generators read it.
// SDM vol. 2 appendix A. The notation of a row is described in docs/ARCHITECTURE.md, "The instruction table".
import { ROWS_INTEGER } from './rows-integer.js';
import { ROWS_INTEGER_MORE } from './rows-integer-more.js';
import { ROWS_SYSTEM } from './rows-system.js';
import { ROWS_X87 } from './rows-x87.js';
import { ROWS_SSE } from './rows-sse.js';

/** [encoding, handler, operands, attributes] */
export type Row = readonly [encoding: string, handler: string, operands: string, attributes?: string];

export const ROWS: readonly Row[] = [...ROWS_INTEGER, ...ROWS_INTEGER_MORE, ...ROWS_SYSTEM, ...ROWS_X87, ...ROWS_SSE];
