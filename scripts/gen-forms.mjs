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
  'NEGATE',
  'SETCC',
  'CMOV',
  'EXCHANGE',
  'LEAVE',
  'LOOP',
  'EXTEND_A',
  'MULTIPLY',
  'SEGMENT',
  'END',
  ...FLOAT_FORMS,
];
const FORM = Object.fromEntries(FORMS.map((name, i) => [name, i]));
const SHAPES = ['rr', 'rm', 'mr', 'ri', 'mi'];
const SHIFTS = ['shl', 'shr', 'sar', 'rol', 'ror'];
const WIDENINGS = ['movzx8_32', 'movsx8_32', 'movzx16_32', 'movsx16_32'];
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
  if (effects !== undefined) return ((name === 'special:EA' ? FORM.SEGMENT : FORM.KNOWN) | effects) >>> 0;
  return word('HANDLER');
}

function exact(name) {
  const special = {
    'special:GOTO': 'GOTO',
    'special:NEXT_PAGE': 'NEXT_PAGE',
    'special:UNDEFINED': 'END',
    'special:PROTECTION': 'END',
    'special:STALE': 'END',
    jmp32: 'JMP',
    call32: 'CALL',
    ret32: 'RET',
    jmpIndirect32: 'JMP_INDIRECT',
    callIndirect32: 'CALL_INDIRECT',
    lea32: 'LEA',
    leave32: 'LEAVE',
  }[name];
  if (special) return word(special);
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
  m = name.match(/^(\w+?)(_[rm])?$/);
  if (m && WIDENINGS.includes(m[1])) return word('WIDEN', /8_/.test(m[1]) ? 1 : 2, 0, m[1].startsWith('movsx') ? 1 : 0);
  m = name.match(/^push32_([rmi])$/);
  if (m) return word('PUSH', 4, 'rmi'.indexOf(m[1]));
  if (name === 'pop32_r') return word('POP');
  m = name.match(/^(shl|shr|sar|rol|ror)(Imm|Cl)32$/);
  if (m) return word('SHIFT', 4, m[2] === 'Cl' ? 1 : 0, SHIFTS.indexOf(m[1]));
  m = name.match(/^(neg|not)32$/);
  if (m) return word('NEGATE', 4, 0, m[1] === 'not' ? 1 : 0);
  if (name === 'xchg32') return word('EXCHANGE');
  if (name === 'loop32') return word('LOOP', 4, 0, 0);
  if (name === 'jcxz32') return word('LOOP', 4, 0, 1);
  if (name === 'cwd32') return word('EXTEND_A', 4, 0, 0);
  if (name === 'cbw32') return word('EXTEND_A', 4, 0, 1);
  const multiply = ['imulTwo32', 'imulThree32', 'mul32', 'imul32'].indexOf(name);
  if (multiply >= 0) return word('MULTIPLY', 4, 0, multiply);
  return undefined;
}
