// Restartable sequences: a thread that loses the processor, or takes a signal, in a critical section goes on at the section's abort
// handler. man 2 rseq (Linux tools); Linux kernel/rseq.c, uapi/linux/rseq.h.
import { SI_KERNEL, SIGSEGV } from '../abi/signal.js';
import { readBytes, readU32, readU64, writeU32, writeU64 } from '../mm/user-memory.js';
import type { Task } from './task.js';

/** A thread's registration. */
export interface Rseq {
  /** Of its struct rseq. */
  address: number;
  /** The word that stands before every abort handler. */
  signature: number;
}

/** What cpu_id says of a thread that is not registered. */
const CPU_ID_UNINITIALIZED = 0xffffffff;

/** Tells the thread which processor it is on: there is one. False: its struct rseq can't be written. */
export function writeProcessor(task: Task, address: number, registered: boolean): boolean {
  const { rseq } = task.abi.structs;
  const fields = ['cpu_id_start', 'node_id', 'mm_cid'].map((name) =>
    writeU32(task.space, address + rseq.offsetOf(name), 0),
  );
  const id = writeU32(task.space, address + rseq.offsetOf('cpu_id'), registered ? 0 : CPU_ID_UNINITIALIZED);
  return id === 0 && fields.every((failed) => failed === 0);
}

/**
 * The thread has been interrupted where it is: if that is in its critical section it goes on at the abort handler. What says nothing
 * sensible of a section is a SIGSEGV.
 */
export function leaveSection(task: Task): void {
  if (!abort(task, task.rseq!)) task.kernel.signals.force(task, { signal: SIGSEGV, code: SI_KERNEL });
}

function abort(task: Task, { address, signature }: Rseq): boolean {
  const { space, abi, registers } = task;
  const place = address + abi.structs.rseq.offsetOf('rseq_cs');
  const pointer = readU64(space, place);
  if (pointer === 0) return true;
  const { rseqCs } = abi.structs;
  const bytes = pointer > 0 ? readBytes(space, pointer, rseqCs.size) : pointer;
  if (typeof bytes === 'number') return false;
  const section = rseqCs.read(new DataView(bytes.buffer), 0) as Record<
    'version' | 'start_ip' | 'post_commit_offset' | 'abort_ip',
    number
  >;
  const { start_ip: start, abort_ip: handler } = section;
  const end = start + section.post_commit_offset;
  if (section.version !== 0 || Math.max(start, end, handler) >= space.layout.userEnd) return false;
  if (handler >= start && handler < end) return false;
  if (readU32(space, handler - 4) !== signature || writeU64(space, place, 0) !== 0) return false;
  const at = abi.instructionPointer(registers);
  if (at >= start && at < end) abi.setInstructionPointer(registers, handler);
  return true;
}
