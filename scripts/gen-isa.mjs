// Turns the instruction table into what the core compiles: decode tables, op numbers, the dispatch switch, hot handlers.
// Reads build/js/assembly/isa/opcodes.js and the handler names in assembly/ops/*/*.ts; writes assembly/generated/*.ts.
import { mkdirSync, readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FORMS, formOf } from './gen-forms.mjs';
import { HOT_FAMILIES, hotHandlers, conditionHandlers } from './gen-handlers.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { ROWS } = await import(pathToFileURL(join(root, 'build/js/assembly/isa/opcodes.js')));

// ---- operands -> decode word; mirrored by assembly/isa/decode.ts -----------------------------------------------------------
const MODRM = 1;
const RM_FILE = { none: 0, gpr8: 1, gpr: 2, mmx: 3, xmm: 4, raw: 5, accumulator: 6 };
const REG_FILE = { none: 0, gpr8: 1, gpr: 2, mmx: 3, xmm: 4, raw: 5, accumulator: 6 };
const IMM = { none: 0, Ib: 1, Ibs: 2, Iw: 3, Iz: 4, Ap: 5, Jb: 6, Jz: 7, O: 8, IwIb: 9, one: 10 };
const RM_FROM_OPCODE = 1 << 12;
const E_FIRST = 1 << 13;
const WRITES = 1 << 14;
/** The modrm byte selects the row and is not an operand of it. */
const SELECTED = 1 << 20;
/** The r/m field names a register whatever the mod field says. */
const REGISTER = 1 << 21;
const ATTRIBUTES = { lock: 1 << 15, end: 1 << 16, prot: 1 << 17, cpl0: 1 << 18, lea: 1 << 19 };
const KIND = { plain: 0, sized: 1, split: 2, sizedSplit: 3, hot8: 4, hot: 5 };
const MEM_BYTES = { b: 1, w: 2, d: 4, q: 8, x: 16, t: 10, s: 6, v: 0, z: 0, p: 0xfffe };

function describe(row) {
  const [encoding, handler, operands, attributes = ''] = row;
  const attrs = attributes.split(' ').filter(Boolean);
  const list = operands ? operands.split(',') : [];
  let word = 0;
  let rm = RM_FILE.none;
  let reg = REG_FILE.none;
  let imm = IMM.none;
  let mem = 0xffff;
  const memoryLike = list.findIndex((o) => /^[EMQWONUZR]|^sti$/.test(o));
  list.forEach((o, i) => {
    const [letter, size = ''] = [o[0], o.slice(1)];
    if (o === 'sti') rm = RM_FILE.raw;
    else if (letter === 'E' || letter === 'M' || letter === 'Q' || letter === 'W' || letter === 'N' || letter === 'U') {
      word |= MODRM;
      rm = {
        E: size === 'b' ? RM_FILE.gpr8 : RM_FILE.gpr,
        M: RM_FILE.gpr,
        Q: RM_FILE.mmx,
        N: RM_FILE.mmx,
        W: RM_FILE.xmm,
        U: RM_FILE.xmm,
      }[letter];
      if (size && !(size in MEM_BYTES)) throw new Error(`${encoding}: size of ${o}?`);
      if (size && letter !== 'N' && letter !== 'U') mem = MEM_BYTES[size];
      if (i === 0) word |= E_FIRST;
      if (i === 0 && letter !== 'N' && letter !== 'U' && !attrs.includes('ro')) word |= WRITES;
    } else if (letter === 'R') {
      word |= MODRM | REGISTER | (i === 0 ? E_FIRST : 0);
      rm = RM_FILE.gpr;
    } else if (letter === 'Z') {
      word |= RM_FROM_OPCODE | (i === 0 ? E_FIRST : 0);
      rm = size === 'b' ? RM_FILE.gpr8 : RM_FILE.gpr;
    } else if (letter === 'O') {
      imm = IMM.O;
      mem = MEM_BYTES[size];
      if (i === 0) word |= E_FIRST | WRITES;
    } else if (letter === 'G') {
      word |= MODRM;
      reg = size === 'b' ? REG_FILE.gpr8 : REG_FILE.gpr;
    } else if (letter === 'P' || letter === 'V') {
      word |= MODRM;
      reg = letter === 'P' ? REG_FILE.mmx : REG_FILE.xmm;
    } else if (o === 'DX' || o === 'CL') {
      // implicit: the handler knows
    } else if (letter === 'S' || letter === 'C' || letter === 'D') {
      word |= MODRM;
      reg = REG_FILE.raw;
    } else if (o === 'AL' || o === 'AX' || o === 'eAX') {
      if (memoryLike < 0) {
        rm = RM_FILE.accumulator;
        if (i === 0) word |= E_FIRST;
      } else reg = REG_FILE.accumulator;
    } else if (o === 'Ib' && imm === IMM.Iw) imm = IMM.IwIb;
    else if (o in IMM) imm = IMM[o];
    else if (o === '1') imm = IMM.one;
    else throw new Error(`${encoding} ${handler}: operand ${o}?`);
  });
  for (const a of attrs) {
    if (a in ATTRIBUTES) word |= ATTRIBUTES[a];
    else if (a.startsWith('mem=')) mem = Number(a.slice(4));
    else if (!['m', 'r', 'ro'].includes(a)) throw new Error(`${encoding} ${handler}: attribute ${a}?`);
  }
  word |= (rm << 1) | (reg << 4) | (imm << 7);
  return { word: word >>> 0, mem, form: attrs.includes('m') ? 'm' : attrs.includes('r') ? 'r' : 'mr' };
}

// ---- encodings -> maps -----------------------------------------------------------------------------------------------------
const maps = {
  one: [new Array(256).fill(0)],
  /** One-byte opcodes that F3 makes another instruction. */
  oneF3: [new Array(256).fill(0)],
  two: four(),
  t38: four(),
  t3a: four(),
};
function four() {
  return [0, 1, 2, 3].map(() => new Array(256).fill(0));
}
const groups = [];
const newGroup = () => 0x8000 | (groups.push(new Array(16).fill(0)) - 1);
const rows = [];

/** The group behind entry `at` of `table`; a plain row that was there keeps the slots that the new row does not take. */
function groupAt(table, at) {
  if (!(table[at] & 0x8000)) {
    const old = table[at];
    table[at] = newGroup();
    groups[table[at] & 0x7fff].fill(old);
  }
  return groups[table[at] & 0x7fff];
}

function place(table, opcode, selector, form, id, row) {
  const put = (t, i, v) => {
    if (t[i] !== 0 && !(t[i] & 0x8000))
      throw new Error(`two rows for ${row[0]}: ${rows[t[i] - 1].row[1]} and ${row[1]}`);
    if (t[i] & 0x8000) throw new Error(`row ${row[0]} ${row[1]} hides a group`);
    t[i] = v;
  };
  if (!selector && form === 'mr') return put(table, opcode, id);
  const group = groupAt(table, opcode);
  if (!selector) {
    for (let r = 0; r < 8; r++) put(group, (form === 'm' ? 0 : 8) + r, id);
  } else if (selector.startsWith('/')) {
    const r = Number(selector[1]);
    if (form !== 'r') put(group, r, id);
    if (form !== 'm') put(group, 8 + r, id);
  } else {
    const modrm = Number.parseInt(selector.slice(1), 16);
    if (selector.endsWith('+')) put(group, 8 + ((modrm >> 3) & 7), id);
    else put(groupAt(group, 8 + ((modrm >> 3) & 7)), modrm & 7, id);
  }
}

for (const row of ROWS) {
  const d = describe(row);
  if (!(d.word & MODRM) && / [/=]/.test(row[0])) d.word |= SELECTED;
  rows.push({ row, ...d });
  const id = rows.length;
  let bytes = row[0].split(' ');
  let prefixes = [0, 1, 2, 3];
  if (bytes[0] === 'NP') prefixes = [0];
  else if (bytes.length > 1 && bytes[1] === '0F' && ['66', 'F3', 'F2'].includes(bytes[0]))
    prefixes = [{ 66: 1, F3: 2, F2: 3 }[bytes[0]]];
  if (prefixes.length === 1) bytes = bytes.slice(1);
  let tables = maps.one;
  if (bytes[0] === '0F') {
    bytes = bytes.slice(1);
    tables = maps.two;
    if (bytes[0] === '38' || bytes[0] === '3A') {
      tables = bytes[0] === '38' ? maps.t38 : maps.t3a;
      bytes = bytes.slice(1);
    }
  } else {
    if (bytes[0] === 'F3' && bytes.length > 1) {
      bytes = bytes.slice(1);
      tables = maps.oneF3;
    }
    prefixes = [0];
  }
  const plus = bytes[0].endsWith('+') && !bytes[0].startsWith('=');
  const opcode = Number.parseInt(bytes[0], 16);
  for (const p of prefixes)
    for (let i = 0; i < (plus ? 8 : 1); i++) place(tables[p], opcode + i, bytes[1], d.form, id, row);
}

// ---- handlers --------------------------------------------------------------------------------------------------------------
const exportsOf = new Map();
const opsDir = join(root, 'assembly/ops');
for (const file of readdirSync(opsDir, { recursive: true })
  .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
  .sort()) {
  for (const m of readFileSync(join(opsDir, file), 'utf8').matchAll(/^export function (\w+)\(u: usize\): usize/gm)) {
    if (exportsOf.has(m[1])) throw new Error(`two handlers ${m[1]}: ${exportsOf.get(m[1])} and ${file}`);
    exportsOf.set(m[1], `../ops/${file.slice(0, -3)}`);
  }
}
const hot = hotHandlers();
const conditions = conditionHandlers();
for (const h of [...hot, ...conditions]) exportsOf.set(h.name, './handlers');

// special micro-ops first; their numbers are known to assembly/isa/decode.ts and assembly/interpreter
const SPECIAL = [
  'FAULT',
  'RESUME',
  'EXIT',
  'STEP_END',
  'GOTO',
  'NEXT_PAGE',
  'UNDEFINED',
  'PROTECTION',
  'PRIVILEGED',
  'EA',
  'EA16',
  'STALE',
];
const names = [...SPECIAL.map((s) => `special:${s}`)];
const numberOf = new Map();
const missing = new Set();
function number(name) {
  if (!exportsOf.has(name)) {
    missing.add(name);
    return SPECIAL.indexOf('UNDEFINED');
  }
  if (!numberOf.has(name)) numberOf.set(name, names.push(name) - 1);
  return numberOf.get(name);
}
/** Numbers of names that the decoder reaches by adding to the first: they must be neighbours. */
function block(list) {
  const key = list.join();
  if (list.some((n) => !exportsOf.has(n))) {
    for (const n of list) if (!exportsOf.has(n)) missing.add(n);
    return -1;
  }
  if (!numberOf.has(key)) {
    numberOf.set(key, names.length);
    for (const n of list) names.push(n);
  }
  return numberOf.get(key);
}

for (const r of rows) {
  const name = r.row[1];
  if (name.startsWith('@')) {
    const family = name.slice(1);
    if (!HOT_FAMILIES.includes(family)) throw new Error(`no hot family ${family}`);
    r.op = block([8, 16, 32].flatMap((s) => ['rr', 'rm', 'mr', 'ri', 'mi'].map((f) => `${family}${s}_${f}`)));
    r.kind = /[EGMOZ]b|AL/.test(r.row[2].split(',')[0]) || r.row[2].startsWith('Eb') ? KIND.hot8 : KIND.hot;
  } else {
    const sized = name.includes('*');
    const split = name.endsWith('%');
    const base = split ? name.slice(0, -1) : name;
    const expand = (n) => (split ? [`${n}_r`, `${n}_m`] : [n]);
    const list = sized ? [...expand(base.replace('*', '16')), ...expand(base.replace('*', '32'))] : expand(base);
    r.op = list.length === 1 ? number(list[0]) : block(list);
    r.kind = sized && split ? KIND.sizedSplit : split ? KIND.split : sized ? KIND.sized : KIND.plain;
  }
  if (r.op < 0) {
    r.op = SPECIAL.indexOf('UNDEFINED');
    r.kind = KIND.plain;
  }
}

if (missing.size > 0) {
  const text = `no handler for: ${[...missing].sort().join(' ')}`;
  if (process.env.TABVISOR_ALLOW_MISSING !== '1') {
    console.error(`gen-isa: ${text}`);
    process.exit(1);
  }
  console.error(`gen-isa: warning: ${text}`);
}

// ---- output ----------------------------------------------------------------------------------------------------------------
const out = join(root, 'assembly/generated');
mkdirSync(out, { recursive: true });
const header = (what) => `// ${what}\n// Made by scripts/gen-isa.mjs from assembly/isa/opcodes.ts: do not edit.\n`;
function write(name, text) {
  const path = join(out, name);
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}
const data = (name, type, values) => `export const ${name}: usize = memory.data<${type}>([${values.join(',')}]);\n`;

write(
  'tables.ts',
  header('Decode tables.') +
    data('MAP_ONE', 'u16', maps.one.flat()) +
    data('MAP_ONE_F3', 'u16', maps.oneF3.flat()) +
    data('MAP_TWO', 'u16', maps.two.flat()) +
    data('MAP_38', 'u16', maps.t38.flat()) +
    data('MAP_3A', 'u16', maps.t3a.flat()) +
    data('GROUPS', 'u16', groups.length ? groups.flat() : [0]) +
    data('ROW_OP', 'u16', [0, ...rows.map((r) => r.op)]) +
    data('ROW_KIND', 'u8', [0, ...rows.map((r) => r.kind)]) +
    data('ROW_MEM', 'u16', [0, ...rows.map((r) => r.mem)]) +
    data('ROW_WORD', 'u32', [0, ...rows.map((r) => r.word)]),
);
write(
  'micro-ops.ts',
  `${header('Numbers of the special micro-ops.') + SPECIAL.map((s, i) => `export const OP_${s}: u16 = ${i};\n`).join('')}export const OP_COUNT: u32 = ${names.length};\n`,
);

/** Rows by the numbers of their micro-ops. */
const rowsOf = names.map(() => []);
const WIDTH = [1, 2, 2, 4, 5, 15];
for (const r of rows) for (let i = 0; i < WIDTH[r.kind]; i++) rowsOf[r.op + i]?.push(r.row);
const forms = names.map((name, i) => formOf(name, rowsOf[i]));
write(
  'forms.ts',
  header('Which emitter of the translator fits each micro-op: form, bytes << 8, shape << 12, argument << 16.') +
    FORMS.map((name, i) => `export const FORM_${name}: u32 = ${i};\n`).join('') +
    data('FORMS', 'u32', forms),
);

const imports = new Map();
for (const n of names) {
  if (n.startsWith('special:')) continue;
  const from = exportsOf.get(n);
  if (!imports.has(from)) imports.set(from, new Set());
  imports.get(from).add(n);
}
/** Handlers of the special micro-ops, in order; EXIT alone has none. */
const SPECIAL_HANDLERS = [
  'deliver',
  'resume',
  null,
  'stepEnd',
  'goTo',
  'nextPage',
  'undefinedOpcode',
  'protection',
  'privileged',
  'segmentAddress',
  'segmentAddress16',
  'stale',
];
const handlerOf = (op) => SPECIAL_HANDLERS[op] ?? names[op];
/** Special micro-ops that are no instruction's: their handlers are reached from the loop alone. */
const BOUNDARY = SPECIAL.indexOf('GOTO');

// a switch over more than 1,024 numbers becomes a chain of compares, so each is well below: what floats has its own.
// scripts/dispatch.mjs looks at what has become of them
const FLOATING = names.findIndex((name) => /^\.\.\/ops\/(x87|mmx|sse)\//.test(exportsOf.get(name)));
const SWITCHES = [0, FLOATING].map((from, i, all) => {
  const to = all[i + 1] ?? names.length;
  return Array.from({ length: to - from }, (_, n) => from + n);
});
/** One switch behind the default of the other; `last` is what the innermost does. */
function nested(switches, indent, subject, line, last) {
  const [ops, ...rest] = switches;
  const otherwise = rest.length ? `\n${nested(rest, `${indent}  `, subject, line, last)}` : ` ${last}\n`;
  return `${indent}switch (${subject}) {\n${ops.map((op) => line(op, `${indent}  `)).join('')}${indent}  default:${otherwise}${indent}}\n`;
}
const dispatched = (op, indent) => {
  if (op === SPECIAL.indexOf('EXIT')) return `${indent}case ${op}: return leave();\n`;
  return `${indent}case ${op}: u = ${handlerOf(op)}(${op <= SPECIAL.indexOf('RESUME') ? '' : 'u'}); break;\n`;
};
const inTable = (op, indent) =>
  op < BOUNDARY ? '' : `${indent}case ${op}: return changetype<usize>(${handlerOf(op)});\n`;
write(
  'dispatch.ts',
  header('The interpreter loop: one case a micro-op, each a direct call of its handler.') +
    [...imports].map(([from, set]) => `import { ${[...set].sort().join(', ')} } from '${from}';\n`).join('') +
    `import { enterRegion } from '../interpreter/enter-region';
import { ${['enter', 'leave', ...SPECIAL_HANDLERS.filter(Boolean)].sort().join(', ')} } from '../interpreter/control';

/** Runs until the core has to return to the host; the value is the exit reason. */
export function run(limit: i32): i32 {
  let u = enter(limit);
  for (;;) {
    const op = load<u16>(u);
${nested(SWITCHES, '    ', 'op', dispatched, 'u = enterRegion(u);')}  }
  return 0;
}

/** The handler of a micro-op. It also keeps handlers separate functions: one that is used once would be inlined into the switch. */
export function handlerTable(op: i32): usize {
${nested(SWITCHES, '  ', 'op', inTable, 'return 0;')}}
`,
);
write(
  'handlers.ts',
  header('Hot handlers, one for each op, size and operand form.') +
    hot.prologue +
    hot.map((h) => h.text).join('') +
    conditions.map((h) => h.text).join(''),
);
// names for people: of micro-ops by their number, of a region's locals by theirs
const frame = readFileSync(join(root, 'assembly/translator/frame.ts'), 'utf8');
const locals = [];
for (const [, name, number] of frame.matchAll(/^(?:export )?const (\w+): u32 = (\d+);/gm)) {
  if (name === 'I32_LOCALS') break;
  if (frame.indexOf(`const ${name}:`) > frame.indexOf('// ---- locals')) locals[number] = name.toLowerCase();
}
const firstRegister = locals.indexOf('register');
['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'].forEach((name, i) => {
  locals[firstRegister + i] = name;
});
mkdirSync(join(root, 'build'), { recursive: true });
writeFileSync(
  join(root, 'build/names.json'),
  `${JSON.stringify({ microOps: names.map((name) => name.replace(/^special:.*/, (text) => text.slice(8).toLowerCase())), locals: Array.from(locals, (name) => name ?? null) })}\n`,
);
if (!process.argv.includes('--quiet'))
  console.log(`gen-isa: ${rows.length} rows, ${names.length} micro-ops, ${groups.length} groups`);
