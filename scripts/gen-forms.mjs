// What the translator knows of each micro-op: a word that says which emitter fits it.
// Ours. Everything that is not named here calls the interpreter's handler.
import { effectsWord } from './gen-effects.mjs';
import { FLOAT_FORMS, floatForm } from './gen-forms-float.mjs';
import { CONDITIONS, HOT_FAMILIES } from './gen-handlers.mjs';

/** Emitters; the numbers go to assembly/generated/forms.ts. HANDLER and KNOWN call the interpreter. */
export const FORMS = [
  'HANDLER',
  'KNOWN',
  'ALU',
  'JCC',
  'JMP',
  'CALL',
  'RET',
  'JMP_INDIRECT',
  'CALL_INDIRECT',
  'INCDEC',
  'WIDEN',
  'LEA',
  'PUSH',
  'POP',
  'SHIFT',
  'GOTO',
  'NEXT_PAGE',
  'STALE',
  'NEGATE',
  'SETCC',
  'CMOV',
  'EXCHANGE',
  'LEAVE',
  'LOOP',
  'EXTEND_A',
  'MULTIPLY',
  'SEGMENT',
  'DOUBLE_SHIFT',
  'DIVIDE',
  'BIT',
  'SCAN',
  'BSWAP',
  'CARRY',
  'FLAG',
  'EXCHANGE_ADD',
  'COMPARE_EXCHANGE',
  'MOVS',
  'STOS',
  'LODS',
  'SCAS',
  'CMPS',
  'NOTHING',
  'END',
  ...FLOAT_FORMS,
];
const FORM = Object.fromEntries(FORMS.map((name, i) => [name, i]));
const SHAPES = ['rr', 'rm', 'mr', 'ri', 'mi'];
const SHIFTS = ['shl', 'shr', 'sar', 'rol', 'ror'];
const conditions = CONDITIONS.map(([name]) => name);

const word = (form, bytes = 4, shape = 0, arg = 0) => (FORM[form] | (bytes << 8) | (shape << 12) | (arg << 16)) >>> 0;

/** `name` of the micro-op, `rows` that lead to it. */
export function formOf(name, rows) {
  const plain = exact(name);
  if (plain !== undefined) return plain;
  if (rows.some((row) => (row[3] ?? '').split(' ').includes('end'))) return word('END');
  const float = floatForm(name);
  if (float) return (FORM[float[0]] | (float[1] << 8) | (float[2] << 16)) >>> 0;
  const effects = effectsWord(name, rows);
  if (effects !== undefined) return (listedForm(name) | effects) >>> 0;
  return word('HANDLER');
}

/** Handlers of known effects that only some of their cases need. */
function listedForm(name) {
  if (name === 'special:EA') return FORM.SEGMENT;
  const m = name.match(/^(movs|stos|lods|scas|cmps)(8|16|32)$/);
  return m ? FORM[m[1].toUpperCase()] | (Math.log2(m[2] / 8) << 30) : FORM.KNOWN;
}

function exact(name) {
  const special = {
    'special:GOTO': 'GOTO',
    'special:NEXT_PAGE': 'NEXT_PAGE',
    'special:UNDEFINED': 'END',
    'special:PROTECTION': 'END',
    'special:STALE': 'STALE',
    jmp32: 'JMP',
    call32: 'CALL',
    ret32: 'RET',
    jmpIndirect32: 'JMP_INDIRECT',
    callIndirect32: 'CALL_INDIRECT',
    leave32: 'LEAVE',
  }[name];
  if (special) return word(special);
  if (name === 'lea16' || name === 'lea32') return word('LEA', name === 'lea16' ? 2 : 4);
  let m = name.match(/^([a-z]+)(8|16|32)_(rr|rm|mr|ri|mi)$/);
  if (m && HOT_FAMILIES.includes(m[1]))
    return word('ALU', Number(m[2]) / 8, SHAPES.indexOf(m[3]), HOT_FAMILIES.indexOf(m[1]));
  m = name.match(/^j([a-z]+)32$/);
  if (m && conditions.includes(m[1])) return word('JCC', 4, 0, conditions.indexOf(m[1]));
  m = name.match(/^set([a-z]+)$/);
  if (m && conditions.includes(m[1])) return word('SETCC', 1, 0, conditions.indexOf(m[1]));
  m = name.match(/^cmov([a-z]+)32$/);
  if (m && conditions.includes(m[1])) return word('CMOV', 4, 0, conditions.indexOf(m[1]));
  m = name.match(/^(inc|dec)(8|16|32)_(r|m)$/);
  if (m) return word('INCDEC', Number(m[2]) / 8, m[3] === 'm' ? 1 : 0, m[1] === 'dec' ? 1 : 0);
  m = name.match(/^mov([zs])x(8|16)_(16|32)(_[rm])?$/);
  if (m) return word('WIDEN', m[2] / 8, m[3] / 8, m[1] === 's' ? 1 : 0);
  m = name.match(/^push32_([rmi])$/);
  if (m) return word('PUSH', 4, 'rmi'.indexOf(m[1]));
  if (name === 'pop32_r') return word('POP');
  m = name.match(/^(shl|shr|sar|rol|ror)(Imm|Cl)(8|16|32)$/);
  if (m) return word('SHIFT', m[3] / 8, m[2] === 'Cl' ? 1 : 0, SHIFTS.indexOf(m[1]));
  m = name.match(/^(shld|shrd)(Imm|Cl)32$/);
  if (m) return word('DOUBLE_SHIFT', 4, m[2] === 'Cl' ? 1 : 0, m[1] === 'shrd' ? 1 : 0);
  m = name.match(/^(neg|not)(8|16|32)$/);
  if (m) return word('NEGATE', m[2] / 8, 0, m[1] === 'not' ? 1 : 0);
  m = name.match(/^xchg(8|16|32)$/);
  if (m) return word('EXCHANGE', m[1] / 8);
  m = name.match(/^(xadd|cmpxchg)(8|16|32)$/);
  if (m) return word(m[1] === 'xadd' ? 'EXCHANGE_ADD' : 'COMPARE_EXCHANGE', m[2] / 8);
  m = name.match(/^(bt|bts|btr|btc)(Imm)?32$/);
  if (m) return word('BIT', 4, m[2] ? 1 : 0, ['bt', 'bts', 'btr', 'btc'].indexOf(m[1]));
  if (name === 'bsf32' || name === 'bsr32') return word('SCAN', 4, 0, name === 'bsr32' ? 1 : 0);
  if (name === 'bswap32') return word('BSWAP');
  if (name === 'hint' || name === 'fence') return word('NOTHING');
  if (name === 'div32' || name === 'idiv32') return word('DIVIDE', 4, 0, name === 'idiv32' ? 1 : 0);
  const carry = ['clc', 'stc', 'cmc'].indexOf(name);
  if (carry >= 0) return word('CARRY', 4, 0, carry);
  const flag = ['cld', 'std', 'cli'].indexOf(name);
  if (flag >= 0) return word('FLAG', 4, 0, flag);
  if (name === 'loop32') return word('LOOP', 4, 0, 0);
  if (name === 'jcxz32') return word('LOOP', 4, 0, 1);
  m = name.match(/^(cwd|cbw)(16|32)$/);
  if (m) return word('EXTEND_A', m[2] / 8, 0, m[1] === 'cbw' ? 1 : 0);
  const multiply = ['imulTwo32', 'imulThree32', 'mul32', 'imul32'].indexOf(name);
  if (multiply >= 0) return word('MULTIPLY', 4, 0, multiply);
  return undefined;
}
