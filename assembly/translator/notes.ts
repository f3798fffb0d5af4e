// Where in a module the code of each micro-op lies, for `--dump-wat`. Nobody who does not ask pays more than a test.
// Ours; abi.ts says how notes look.
import { NOTES, NOTES_MAX } from '../abi';
import { out } from './wasm';

let noting: bool = false;
let count: u32 = 0;

export function setNoting(on: bool): void { noting = on; }

/** Functions will be written from `code` on. */
export function beginNotes(code: usize): void {
  count = 0;
  store<u32>(NOTES, 0);
  store<u32>(NOTES, <u32>code, 4);
}
export function noted(): u32 { return count; }
/** Forgets the notes since there were `n`. */
export function forgetNotes(n: u32): void {
  count = n;
  store<u32>(NOTES, n);
}

/** What is written now belongs to `what`: a micro-op, an offset table or a NOTE_*. */
export function note(what: u32): void {
  if (!noting || count == NOTES_MAX) return;
  const at: usize = NOTES + 8 + (<usize>count << 3);
  store<u32>(at, <u32>out);
  store<u32>(at, what, 4);
  count++;
  store<u32>(NOTES, count);
}
