// Filters of sockets: classic BPF over a packet (SO_ATTACH_FILTER). man 7 socket; Linux net/core/filter.c bpf_check_classic,
// Documentation/networking/filter.rst. Jumps go forward only, so a program ends after as many steps as it has instructions.
import {
  ALU,
  BPF_MAXINSNS,
  type Instruction,
  isValid,
  KNOWN,
  LD_B_ABS,
  LD_B_IND,
  LD_H_ABS,
  LD_H_IND,
  LD_W_ABS,
  LD_W_IND,
  LDX_B_MSH,
  MOD,
  RET_A,
  RET_K,
  runProgram,
  storesBeforeLoads,
  X_SOURCE,
} from '../../security/bpf.js';

/** What a filter is run over. */
export interface FilterData {
  /** From the header of the link on, where there is one. */
  bytes: Uint8Array;
  /** Where the program's byte 0 is, and where the header of the network begins. */
  start: number;
  network: number;
  /** ETHERTYPE. */
  protocol: number;
  /** PACKET_HOST and so on. */
  kind: number;
  /** Of the interface: index, ARPHRD_*. */
  interface: number;
  hardware: number;
  mark: number;
}

/** Offsets that stand for something else. */
const AUXILIARY = 0xfffff000;
const NETWORK = 0xfff00000;
const LINK = 0xffe00000;
/** SKF_AD_*: protocol, kind, interface, mark, hardware, hash, processor, VLAN's tag, whether there is one. */
const AD = {
  protocol: 0,
  kind: 4,
  interface: 8,
  mark: 20,
  queue: 24,
  hardware: 28,
  hash: 32,
  cpu: 36,
  tag: 44,
  tagged: 48,
};
const AUXILIARIES: readonly number[] = Object.values(AD);

const ABSOLUTE: readonly number[] = [LD_W_ABS, LD_H_ABS, LD_B_ABS];
const OTHERS: readonly number[] = [LD_W_IND, LD_H_IND, LD_B_IND, LDX_B_MSH, MOD | ALU | X_SOURCE];

/** Is it a program that ends, and returns something? */
export function isSocketFilter(program: readonly Instruction[]): boolean {
  const { length } = program;
  if (length === 0 || length > BPF_MAXINSNS) return false;
  const last = program[length - 1]!.code;
  if (last !== RET_K && last !== RET_A) return false;
  return program.every((one, at) => isAllowed(one, length - at - 1)) && storesBeforeLoads(program);
}

function isAllowed(one: Instruction, behind: number): boolean {
  const { code, k } = one;
  if (ABSOLUTE.includes(code)) return k < AUXILIARY || AUXILIARIES.includes(k - AUXILIARY);
  if (code === (MOD | ALU)) return k !== 0;
  return OTHERS.includes(code) || (KNOWN.has(code) && isValid(one, behind));
}

/** Bytes of the packet that go to the socket; 0: it does not. */
export function runSocketFilter(program: readonly Instruction[], data: FilterData): number {
  const view = new DataView(data.bytes.buffer, data.bytes.byteOffset, data.bytes.length);
  const length = Math.max(0, view.byteLength - data.start);
  return runProgram(program, length, (size, offset) => load(view, data, size, offset));
}

function load(view: DataView, data: FilterData, size: 1 | 2 | 4, offset: number): number | undefined {
  if (offset >= AUXILIARY) return auxiliary(data, offset - AUXILIARY);
  let at = data.start + offset;
  if (offset >= NETWORK) at = data.network + offset - NETWORK;
  else if (offset >= LINK) at = offset - LINK;
  if (at < 0 || at + size > view.byteLength) return undefined;
  return size === 4 ? view.getUint32(at) : size === 2 ? view.getUint16(at) : view.getUint8(at);
}

function auxiliary(data: FilterData, which: number): number {
  switch (which) {
    case AD.protocol:
      return data.protocol;
    case AD.kind:
      return data.kind;
    case AD.interface:
      return data.interface;
    case AD.mark:
      return data.mark;
    case AD.hardware:
      return data.hardware;
    default:
      return 0;
  }
}
