// The i386 ABI: int 0x80 with arguments in ebx, ecx, edx, esi, edi, ebp. System V ABI, i386 supplement; man 2 syscall.
import { EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP, REGS } from '../../../../assembly/abi.js';
import { PAE_USER_END } from '../../mm/page-table.js';
import { writeFlags } from '../../task/registers.js';
import type { Inode } from '../../vfs/inode.js';
import type { Abi } from '../abi.js';
import { structsOf } from '../structs.js';
import { EINVAL } from '../errno.js';
import { NT_PRFPREG, NT_PRXFPREG } from '../ptrace.js';
import { FXSAVE_SIZE, fsaveImage, fxsaveImage, loadFsave, loadFxsave, startFpu } from './fpu-image.js';
import { startSegments } from './segments.js';
import { popFrame, pushFrame, readSiginfoBytes, siginfoBytes } from './signal-frame.js';
import { I386_MODEL, STAT64, STATFS, STATFS64 } from './structs.js';
import { describeThreadArea, setThreadArea } from './thread-area.js';
import {
  forgetBreakpoints,
  peekUser,
  pokeUser,
  setUserRegisters,
  USER_REGISTERS_SIZE,
  userRegisters,
} from './user-registers.js';
import { I386_VDSO } from './vdso.js';

const ARGUMENTS = [EBX, ECX, EDX, ESI, EDI, EBP];
/** int 0x80 is two bytes. */
const CALL_LENGTH = 2;
/** struct user_i387_struct: an FSAVE image. */
const USER_FPU_SIZE = 108;
const STACK_GAP = 0x08000000;

export const I386: Abi = {
  name: 'i386',
  machine: 'i686',
  wordSize: 4,
  wordMax: 0xffffffff,
  elfClass: 1,
  elfMachine: 3,
  platform: 'i686',
  auditArch: 0x40000003,
  strictCalls: [3, 4, 1, 119],
  stackTop: PAE_USER_END,
  programBase: 0x56555000,
  spaceLayout: { userEnd: PAE_USER_END, lowest: 0x10000, mmapTop: PAE_USER_END - STACK_GAP },
  structs: structsOf(I386_MODEL),
  vdso: I386_VDSO,

  callNumber: (registers) => registers.get32(EAX),
  argument: (registers, index) => registers.get32(ARGUMENTS[index]!),
  result: (registers) => registers.get32(EAX) | 0,
  setResult: (registers, value) => registers.set32(EAX, value),
  restart(registers, number) {
    registers.set32(EAX, number);
    registers.set32(EIP, registers.get32(EIP) - CALL_LENGTH);
  },
  instructionPointer: (registers) => registers.get32(EIP),
  setInstructionPointer: (registers, address) => registers.set32(EIP, address),
  stackPointer: (registers) => registers.get32(ESP),
  setStackPointer: (registers, address) => registers.set32(ESP, address),

  userRegistersSize: USER_REGISTERS_SIZE,
  userRegisters,
  setUserRegisters,
  peekUser,
  pokeUser,
  registerSet(task, type) {
    if (type === NT_PRFPREG) return fsaveImage(task.registers).slice(0, USER_FPU_SIZE);
    return type === NT_PRXFPREG ? fxsaveImage(task.registers) : undefined;
  },
  setRegisterSet(task, type, bytes) {
    if (type === NT_PRFPREG) return bytes.length === USER_FPU_SIZE && loadFsave(task.registers, bytes) ? 0 : -EINVAL;
    return bytes.length === FXSAVE_SIZE && loadFxsave(task.registers, new Uint32Array(bytes.slice().buffer))
      ? 0
      : -EINVAL;
  },
  threadArea: describeThreadArea,
  forgetBreakpoints,

  start(registers, entry, stack) {
    for (let i = 0; i < 8; i++) registers.set32(REGS + 8 * i, 0);
    registers.set32(EIP, entry);
    registers.set32(ESP, stack);
    writeFlags(registers, 0);
    startSegments(registers);
    forgetBreakpoints(registers);
    startFpu(registers);
  },
  setThreadArea: (task, tls) => setThreadArea(task, tls, false),

  pushSignalFrame: pushFrame,
  popSignalFrame: popFrame,
  siginfo: siginfoBytes,
  readSiginfo: readSiginfoBytes,

  stat: (inode) => STAT64.bytes(statValues(inode)),
  statfs(statistics, flags, device, nameMax, wide) {
    const { blocks, files } = statistics;
    if (!wide && Math.max(blocks, files) > 0xffffffff) return undefined;
    return (wide ? STATFS64 : STATFS).bytes({
      type: statistics.magic,
      bsize: statistics.blockSize,
      blocks: statistics.blocks,
      bfree: statistics.free,
      bavail: statistics.free,
      files: statistics.files,
      ffree: statistics.filesFree,
      fsid: [device, 0],
      namelen: nameMax,
      frsize: statistics.blockSize,
      flags,
    });
  },
};

/** What every kind of stat tells, by the names of its structs' fields. */
export function statValues(inode: Inode): Record<string, number> {
  return {
    dev: inode.fs.device,
    ino: inode.ino,
    ino32: inode.ino,
    mode: inode.mode,
    nlink: inode.nlink,
    uid: inode.uid,
    gid: inode.gid,
    rdev: inode.rdev,
    size: inode.size,
    blksize: 4096,
    blocks: inode.blocks,
    atime: inode.atime.seconds,
    atime_nsec: inode.atime.nanoseconds,
    mtime: inode.mtime.seconds,
    mtime_nsec: inode.mtime.nanoseconds,
    ctime: inode.ctime.seconds,
    ctime_nsec: inode.ctime.nanoseconds,
  };
}
