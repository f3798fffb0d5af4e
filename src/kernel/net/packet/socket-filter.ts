// Filters of sockets: classic BPF over a packet (SO_ATTACH_FILTER). man 7 socket; Linux net/core/filter.c bpf_check_classic,
// Documentation/networking/filter.rst. Jumps go forward only, so a program ends after as many steps as it has instructions.
import {
  BPF_MAXINSNS,
  compute,
  holds,
  type Instruction,
  isValid,
  KNOWN,
  storesBeforeLoads,
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

const RET_K = 0x06;
const RET_A = 0x16;
const MOD = 0x90;
const ALU = 4;
const JMP = 5;
const X_SOURCE = 8;
const [W, H, B] = [0x00, 0x08, 0x10];
const [ABS, IND, MSH] = [0x20, 0x40, 0xb1];
const [LEN, LDX_LEN, LD_IMM, LDX_IMM, LD_MEM, LDX_MEM, ST, STX, TAX, TXA, JA, NEG, DIV] = [
  ...[0x80, 0x81, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x05, 0x84, 0x30],
] as const;
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

const LOADS = [W, H, B].flatMap((size) => [size | ABS, size | IND]);
const COMPUTES = [MOD | ALU, MOD | ALU | X_SOURCE, MSH];

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
  if ((code & 0xe7) === ABS && LOADS.includes(code)) return k < AUXILIARY || AUXILIARIES.includes(k - AUXILIARY);
  if (code === (MOD | ALU)) return k !== 0;
  if (LOADS.includes(code) || COMPUTES.includes(code)) return true;
  return KNOWN.has(code) && isValid(one, behind);
}

const scratch = new Uint32Array(16);

/** Bytes of the packet that go to the socket; 0: it does not. */
export function runSocketFilter(program: readonly Instruction[], data: FilterData): number {
  const view = new DataView(data.bytes.buffer, data.bytes.byteOffset, data.bytes.length);
  const length = Math.max(0, view.byteLength - data.start);
  let a = 0;
  let x = 0;
  for (let at = 0; ; at++) {
    const { code, jt, jf, k } = program[at]!;
    const loads = (code & 7) === 0 && ((code & 0xe0) === ABS || (code & 0xe0) === IND);
    if (loads) {
      const offset = (code & 0xe0) === ABS ? k : (k + x) >>> 0;
      const value = load(view, data, code & 0x18, offset);
      // what is not there ends it
      if (value === undefined) return 0;
      a = value;
      continue;
    }
    switch (code) {
      case MSH: {
        const value = load(view, data, B, k);
        if (value === undefined) return 0;
        x = (value & 15) * 4;
        continue;
      }
      case LEN:
        a = length;
        continue;
      case LDX_LEN:
        x = length;
        continue;
      case LD_IMM:
        a = k;
        continue;
      case LDX_IMM:
        x = k;
        continue;
      case LD_MEM:
        a = scratch[k]!;
        continue;
      case LDX_MEM:
        x = scratch[k]!;
        continue;
      case ST:
        scratch[k] = a;
        continue;
      case STX:
        scratch[k] = x;
        continue;
      case TAX:
        x = a;
        continue;
      case TXA:
        a = x;
        continue;
      case RET_K:
        return k;
      case RET_A:
        return a;
      case JA:
        at += k;
        continue;
      case NEG:
        a = -a >>> 0;
        continue;
      default:
    }
    const operand = (code & X_SOURCE) !== 0 ? x : k;
    const operation = code & 0xf0;
    if ((code & 7) === JMP) at += holds(operation, a, operand) ? jt : jf;
    else if ((operation === DIV || operation === MOD) && operand === 0) return 0;
    else a = operation === MOD ? a % operand : compute(operation, a, operand);
  }
}

function load(view: DataView, data: FilterData, size: number, offset: number): number | undefined {
  if (offset >= AUXILIARY) return auxiliary(data, offset - AUXILIARY);
  let at = data.start + offset;
  if (offset >= NETWORK) at = data.network + offset - NETWORK;
  else if (offset >= LINK) at = offset - LINK;
  if (at < 0 || at + (size === W ? 4 : size === H ? 2 : 1) > view.byteLength) return undefined;
  return size === W ? view.getUint32(at) : size === H ? view.getUint16(at) : view.getUint8(at);
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
