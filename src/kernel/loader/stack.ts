// What a new program finds on its stack: strings, auxiliary vector, environment, arguments. System V ABI, process initialization;
// Linux fs/binfmt_elf.c create_elf_tables; man 3 getauxval.
import type { Abi } from '../abi/abi.js';

export const AT_NULL = 0;
export const AT_PHDR = 3;
export const AT_PHENT = 4;
export const AT_PHNUM = 5;
export const AT_PAGESZ = 6;
export const AT_BASE = 7;
export const AT_FLAGS = 8;
export const AT_ENTRY = 9;
export const AT_UID = 11;
export const AT_EUID = 12;
export const AT_GID = 13;
export const AT_EGID = 14;
export const AT_PLATFORM = 15;
export const AT_HWCAP = 16;
export const AT_CLKTCK = 17;
export const AT_SECURE = 23;
export const AT_RANDOM = 25;
export const AT_HWCAP2 = 26;
export const AT_EXECFN = 31;
export const AT_SYSINFO = 32;
export const AT_SYSINFO_EHDR = 33;

export interface StackContents {
  args: readonly string[];
  env: readonly string[];
  /** The path that exec was given. */
  execName: string;
  /** 16 bytes. */
  random: Uint8Array;
  /** Type and value, but for those that point into the stack itself. */
  auxiliary: readonly (readonly [number, number])[];
}

export interface StackImage {
  /** The stack pointer; `bytes` lie from here to the stack's top. */
  pointer: number;
  bytes: Uint8Array;
  argStart: number;
  argEnd: number;
  envStart: number;
  envEnd: number;
  auxv: Uint8Array;
}

/** The stack of a program whose stack ends below `top`. */
export function buildStack(
  abi: Abi,
  top: number,
  { args, env, execName, random, auxiliary }: StackContents,
): StackImage {
  const word = abi.wordSize;
  const strings = [...args, ...env];
  const length = (list: readonly string[]): number => list.reduce((sum, text) => sum + text.length + 1, 0);
  // from the top down: a word of zeros, the name, environment and arguments, platform, random bytes
  const nameAt = top - word - (execName.length + 1);
  const envEnd = nameAt;
  const envStart = envEnd - length(env);
  const argStart = envStart - length(args);
  const platformAt = argStart - (abi.platform.length + 1);
  const randomAt = Math.floor((platformAt - 16) / 16) * 16;
  const pairs: (readonly [number, number])[] = [
    ...auxiliary,
    [AT_RANDOM, randomAt],
    [AT_EXECFN, nameAt],
    [AT_PLATFORM, platformAt],
    [AT_NULL, 0],
  ];
  const words = 1 + args.length + 1 + env.length + 1 + 2 * pairs.length;
  const pointer = Math.floor((randomAt - words * word) / 16) * 16;

  const bytes = new Uint8Array(top - pointer);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string): void => {
    for (let i = 0; i < value.length; i++) bytes[at - pointer + i] = value.charCodeAt(i);
  };
  let at = pointer;
  const put = (value: number): void => {
    view.setUint32(at - pointer, value, true);
    if (word === 8) view.setUint32(at - pointer + 4, Math.floor(value / 2 ** 32), true);
    at += word;
  };
  text(nameAt, execName);
  text(platformAt, abi.platform);
  bytes.set(random, randomAt - pointer);
  let string = argStart;
  const addresses = strings.map((value) => {
    const here = string;
    text(here, value);
    string += value.length + 1;
    return here;
  });
  put(args.length);
  for (let i = 0; i < args.length; i++) put(addresses[i]!);
  put(0);
  for (let i = 0; i < env.length; i++) put(addresses[args.length + i]!);
  put(0);
  const auxvAt = at;
  for (const [type, value] of pairs) {
    put(type);
    put(value);
  }
  return {
    pointer,
    bytes,
    argStart,
    argEnd: envStart,
    envStart,
    envEnd,
    auxv: bytes.slice(auxvAt - pointer, at - pointer),
  };
}
