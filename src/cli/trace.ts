// `--trace insn`: the instruction that comes next, with the registers that tell most.
// Ours; the text is the disassembler's.
import { hex } from '../base/bytes.js';
import type { Log } from '../base/log.js';
import type { BuiltMachine } from '../vmm/builder.js';
import type { Disassemble } from './disassembler.js';

const LONGEST = 15;
const DEFAULT_32 = 0x4000;

export function traceInstructions(machine: BuiltMachine, log: Log, disassemble: Disassemble): () => void {
  const { registers, linear } = machine;
  return () => {
    const code = registers.segment('cs');
    const at = (code.base + registers.eip) >>> 0;
    const bytes = linear.read(at, LONGEST);
    const text =
      bytes.length > 0 ? disassemble(bytes, code.attributes & DEFAULT_32 ? 32 : 16, registers.eip) : 'not mapped';
    const g = (name: 'eax' | 'ecx' | 'edx' | 'ebx' | 'esp' | 'esi' | 'edi') => hex(registers.general(name));
    log.trace(
      'insn',
      `${hex(code.selector, 4)}:${text.padEnd(60)} a=${g('eax')} c=${g('ecx')} d=${g('edx')} b=${g('ebx')} s=${g('esp')} ` +
        `si=${g('esi')} di=${g('edi')} fl=${hex(registers.eflags, 6)}`,
    );
  };
}
