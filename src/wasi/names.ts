// Names in a component that generated code has as text: what could end a string there is refused, as jco writes names of core modules
// as they are. Names of components themselves are words with dashes by their validation.
// component-model, Binary.md, "Instance Definitions"; ECMA-262, 12.9.4 "String Literals".
import { InputError } from '../base/errors.js';
import { decodeText } from '../base/text.js';
import { Reader, sectionsOf } from './module.js';

const CORE_INSTANCES = 2;
const COMPONENT = 4;
const DEPTH_MAX = 32;
const INSTANTIATE = 0;
const INLINE = 1;

/** Quotes of all kinds, the backslash, ends of lines, and whatever is not printed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE = /['"`\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Throws InputError. */
export function checkName(name: string): void {
  if (!UNSAFE.test(name)) return;
  throw new InputError(`has the name ${JSON.stringify(name.slice(0, 100))}: names have no quotes and no ends of lines`);
}

/** All that a component calls its core instances' parts, at any depth. Throws InputError. */
export function checkInstanceNames(component: Uint8Array, depth = 0): void {
  if (depth > DEPTH_MAX) throw new InputError(`has components within components, more than ${DEPTH_MAX} deep`);
  for (const { id, from, to } of sectionsOf(component)) {
    if (id === COMPONENT) checkInstanceNames(component.subarray(from, to), depth + 1);
    else if (id === CORE_INSTANCES) checkInstances(new Reader(component.subarray(0, to), from));
  }
}

function checkInstances(reader: Reader): void {
  for (let left = reader.number(); left > 0; left--) {
    const kind = reader.byte();
    if (kind === INSTANTIATE) reader.number();
    else if (kind !== INLINE) throw new InputError('has core instances of an unknown kind');
    for (let names = reader.number(); names > 0; names--) {
      const name = decodeText(reader.take(reader.number()));
      if (name === undefined) throw new InputError('has a name that is no UTF-8');
      checkName(name);
      // the sort, and the index of it
      reader.byte();
      reader.number();
    }
  }
}
