// The i386 ABI: int 0x80 with arguments in ebx, ecx, edx, esi, edi, ebp. System V ABI, i386 supplement; man 2 syscall.
import { EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP, REGS } from '../../../../assembly/abi.js';
import { PAE_USER_END } from '../../mm/page-table.js';
import { writeFlags } from '../../task/registers.js';
import type { Inode } from '../../vfs/inode.js';
import type { Abi } from '../abi.js';
import { structsOf } from '../structs.js';
import { startFpu } from './fpu-image.js';
import { startSegments } from './segments.js';
import { popFrame, pushFrame, readSiginfoBytes, siginfoBytes } from './signal-frame.js';
import { I386_MODEL, STAT64, STATFS, STATFS64 } from './structs.js';
import { setThreadArea } from './thread-area.js';
import { I386_VDSO } from './vdso.js';

const ARGUMENTS = [EBX, ECX, EDX, ESI, EDI, EBP];
/** int 0x80 is two bytes. */
const CALL_LENGTH = 2;
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
  stackTop: PAE_USER_END,
  programBase: 0x56555000,
  spaceLayout: { userEnd: PAE_USER_END, lowest: 0x10000, mmapTop: PAE_USER_END - STACK_GAP },
  structs: structsOf(I386_MODEL),
  vdso: I386_VDSO,

  callNumber: (registers) => registers.get32(EAX),
  argument: (registers, index) => registers.get32(ARGUMENTS[index]!),
  setResult: (registers, value) => registers.set32(EAX, value),
  restart(registers, number) {
    registers.set32(EAX, number);
    registers.set32(EIP, registers.get32(EIP) - CALL_LENGTH);
  },
  instructionPointer: (registers) => registers.get32(EIP),
  setInstructionPointer: (registers, address) => registers.set32(EIP, address),
  stackPointer: (registers) => registers.get32(ESP),
  setStackPointer: (registers, address) => registers.set32(ESP, address),

  start(registers, entry, stack) {
    for (let i = 0; i < 8; i++) registers.set32(REGS + 8 * i, 0);
    registers.set32(EIP, entry);
    registers.set32(ESP, stack);
    writeFlags(registers, 0);
    startSegments(registers);
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
