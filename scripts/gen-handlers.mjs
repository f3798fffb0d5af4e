// Text of the hot handlers: the ops of assembly/ops/integer/alu.ts in each size and operand form, with the TLB look-up in line.

export const HOT_FAMILIES = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'test', 'mov'];
/** Condition codes in encoding order (SDM vol. 2 appendix B.1.4) and what they test. */
export const CONDITIONS = [
  ['o', 'ovf()'],
  ['no', '!ovf()'],
  ['b', 'cf() != 0'],
  ['nb', 'cf() == 0'],
  ['z', 'zf()'],
  ['nz', '!zf()'],
  ['be', 'cf() != 0 || zf()'],
  ['nbe', 'cf() == 0 && !zf()'],
  ['s', 'sf()'],
  ['ns', '!sf()'],
  ['p', 'pf()'],
  ['np', '!pf()'],
  ['l', 'sf() != ovf()'],
  ['nl', 'sf() == ovf()'],
  ['le', 'zf() || sf() != ovf()'],
  ['nle', '!zf() && sf() == ovf()'],
];

const compares = new Set(['cmp', 'test']);

function body(family, size, form) {
  const T = `u${size}`;
  const bytes = size / 8;
  const imm = size === 32 ? 'load<u32>(u, U_IMM)' : `<u32>load<${T}>(u, U_IMM)`;
  const read = `const lin = ea(u);
  const t = readEntry(lin);
  let b: u32;
  if (misses(lin, t, ${bytes})) {
    b = readSlow${size}(lin);
    if (faulted()) return fault(u);
  } else b = load<${T}>(t ^ lin);
`;
  const op = (a, b) => `${family}${size}(${a}, ${b})`;
  const src = `load<${T}>(load<u16>(u, U_REG))`;
  const dst = `load<${T}>(load<u16>(u, U_RM))`;
  const end = '  return u + UOP_SIZE;\n';
  if (family === 'mov') {
    if (form === 'rr') return `  store<${T}>(load<u16>(u, U_RM), ${src});\n${end}`;
    if (form === 'ri') return `  store<${T}>(load<u16>(u, U_RM), ${imm});\n${end}`;
    if (form === 'rm') return `  ${read}  store<${T}>(load<u16>(u, U_REG), b);\n${end}`;
    const value = form === 'mr' ? src : imm;
    return `  const lin = ea(u);
  const t = writeEntry(lin);
  if (misses(lin, t, ${bytes})) return nextOrFault(u, writeSlow${size}(lin, ${value}));
  store<${T}>(t ^ lin, ${value});
${end}`;
  }
  if (compares.has(family)) {
    if (form === 'rr') return `  ${op(dst, src)};\n${end}`;
    if (form === 'ri') return `  ${op(dst, imm)};\n${end}`;
    if (form === 'rm') return `  ${read}  ${op(src, 'b')};\n${end}`;
    return `  ${read}  ${op('b', form === 'mr' ? src : imm)};\n${end}`;
  }
  if (form === 'rr' || form === 'ri') {
    return `  const d = load<u16>(u, U_RM);\n  store<${T}>(d, ${op(`load<${T}>(d)`, form === 'rr' ? src : imm)});\n${end}`;
  }
  if (form === 'rm')
    return `  ${read}  const d = load<u16>(u, U_REG);\n  store<${T}>(d, ${op(`load<${T}>(d)`, 'b')});\n${end}`;
  const value = form === 'mr' ? src : imm;
  return `  const lin = ea(u);
  const t = writeEntry(lin);
  if (misses(lin, t, ${bytes})) {
    const a = modifyE${size}(u);
    if (faulted()) return fault(u);
    return nextOrFault(u, write${size}(lin, ${op('a', value)}));
  }
  const at: usize = t ^ lin;
  store<${T}>(at, ${op(`load<${T}>(at)`, value)});
${end}`;
}

/** The handlers {name, text}; `.prologue` is the import section of their file. */
export function hotHandlers() {
  const list = [];
  for (const family of HOT_FAMILIES) {
    for (const size of [8, 16, 32]) {
      for (const form of ['rr', 'rm', 'mr', 'ri', 'mi']) {
        const name = `${family}${size}_${form}`;
        list.push({ name, text: `\nexport function ${name}(u: usize): usize {\n${body(family, size, form)}}\n` });
      }
    }
  }
  const alu = HOT_FAMILIES.filter((f) => f !== 'mov').flatMap((f) => [8, 16, 32].map((s) => `${f}${s}`));
  list.prologue = `import { faulted, fault } from '../cpu/fault';
import { cf, ovf, pf, sf, zf } from '../cpu/flags';
import { U_IMM, U_REG, U_RM, UOP_SIZE } from '../uop';
import { misses, readEntry, readSlow16, readSlow32, readSlow8, write16, write32, write8, writeEntry, writeSlow16, writeSlow32, writeSlow8 } from '../mmu/access';
import { ${alu.join(', ')} } from '../ops/integer/alu';
import { ea, modifyE16, modifyE32, modifyE8, nextOrFault, take, take16 } from '../ops/operand';
`;
  return list;
}

/** jo32 ... jnle16. */
export function conditionHandlers() {
  return CONDITIONS.flatMap(([name, test]) =>
    [16, 32].map((size) => ({
      name: `j${name}${size}`,
      text: `\nexport function j${name}${size}(u: usize): usize { return ${test} ? take${size === 16 ? '16' : ''}(u) : u + UOP_SIZE; }\n`,
    })),
  );
}
