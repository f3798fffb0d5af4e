// IN and OUT: the port's owner is the host. OUT retires and leaves; IN leaves first and starts again with the answer.
// SDM vol. 2, IN, OUT; assembly/abi.ts, exit reasons.
import { EAX, EDX, EXIT_COUNT, EXIT_DATA, EXIT_IO_IN, EXIT_IO_OUT, EXIT_PORT, EXIT_REASON, EXIT_WIDTH } from '../../abi';
import { EXIT_UOP, fault, raiseExit } from '../../cpu/fault';
import { nonRoot } from '../../cpu/vmx';
import { U_IMM } from '../../uop';
import { replayReady, replayTake } from '../../mmu/access';
import { exitPort, IO_IMMEDIATE, portExits } from './intercept';
import { ioAllowed } from './io-rights';
import { resumeAfter } from '../operand';
import { get, put } from '../operand-sized';

/** Fills what the host is told of an access to a port: `count` items in PIO_DATA, or 0 for a single one. */
export function describeExit(reason: u32, port: u32, width: u32, count: u32): void {
  store<u32>(EXIT_REASON, reason);
  store<u32>(EXIT_PORT, port);
  store<u32>(EXIT_WIDTH, width);
  store<u32>(EXIT_COUNT, count);
}

// @ts-ignore: decorator
@inline function input<T>(u: usize, port: u32, form: u32): usize {
  if (!ioAllowed(u, port, sizeof<T>())) return fault(u);
  if (nonRoot() && portExits(port, sizeof<T>())) return exitPort(u, port, sizeof<T>(), true, form);
  if (!replayReady()) {
    describeExit(EXIT_IO_IN, port, sizeof<T>(), 0);
    raiseExit();
    return fault(u);
  }
  put<T>(EAX, <u32>replayTake());
  return resumeAfter(u);
}

// @ts-ignore: decorator
@inline function output<T>(u: usize, port: u32, form: u32): usize {
  if (!ioAllowed(u, port, sizeof<T>())) return fault(u);
  if (nonRoot() && portExits(port, sizeof<T>())) return exitPort(u, port, sizeof<T>(), false, form);
  describeExit(EXIT_IO_OUT, port, sizeof<T>(), 0);
  store<u64>(EXIT_DATA, get<T>(EAX));
  resumeAfter(u);
  return EXIT_UOP;
}

export function inImm8(u: usize): usize { return input<u8>(u, load<u8>(u, U_IMM), IO_IMMEDIATE); }
export function inImm16(u: usize): usize { return input<u16>(u, load<u8>(u, U_IMM), IO_IMMEDIATE); }
export function inImm32(u: usize): usize { return input<u32>(u, load<u8>(u, U_IMM), IO_IMMEDIATE); }
export function inDx8(u: usize): usize { return input<u8>(u, load<u16>(EDX), 0); }
export function inDx16(u: usize): usize { return input<u16>(u, load<u16>(EDX), 0); }
export function inDx32(u: usize): usize { return input<u32>(u, load<u16>(EDX), 0); }
export function outImm8(u: usize): usize { return output<u8>(u, load<u8>(u, U_IMM), IO_IMMEDIATE); }
export function outImm16(u: usize): usize { return output<u16>(u, load<u8>(u, U_IMM), IO_IMMEDIATE); }
export function outImm32(u: usize): usize { return output<u32>(u, load<u8>(u, U_IMM), IO_IMMEDIATE); }
export function outDx8(u: usize): usize { return output<u8>(u, load<u16>(EDX), 0); }
export function outDx16(u: usize): usize { return output<u16>(u, load<u16>(EDX), 0); }
export function outDx32(u: usize): usize { return output<u32>(u, load<u16>(EDX), 0); }
