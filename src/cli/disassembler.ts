// One line of assembly for `--trace insn` and `--dump-wat`. iced-x86 is only there in a development tree, so it is loaded when asked for.
// https://docs.rs/iced-x86 (its JavaScript binding); NASM syntax.
import { hex } from '../base/bytes.js';
import { InputError } from '../base/errors.js';

export type Disassemble = (bytes: Uint8Array, bits: 16 | 32, address: number) => string;

/** The part of iced-x86 that we use. */
interface Iced {
  Decoder: new (
    bits: number,
    bytes: Uint8Array,
    options: number,
  ) => { ip: bigint; decode(): Freeable & { length: number }; free(): void };
  Formatter: new (syntax: number) => { format(instruction: unknown): string };
  FormatterSyntax: { Nasm: number };
  DecoderOptions: { None: number };
}

interface Freeable {
  free(): void;
}

export async function loadDisassembler(option: string): Promise<Disassemble> {
  let iced: Iced;
  try {
    const name = 'iced-x86';
    iced = (await import(name)) as Iced;
  } catch (error) {
    throw new InputError(
      `${option}: the disassembler iced-x86 is not installed`,
      'Run it in a development tree, or: npm i iced-x86.',
      {
        cause: error,
      },
    );
  }
  const formatter = new iced.Formatter(iced.FormatterSyntax.Nasm);
  return (bytes, bits, address) => {
    const decoder = new iced.Decoder(bits, bytes, iced.DecoderOptions.None);
    decoder.ip = BigInt(address);
    const instruction = decoder.decode();
    const text = formatter.format(instruction);
    const raw = Array.from(bytes.subarray(0, instruction.length), (byte) => hex(byte, 2)).join('');
    instruction.free();
    decoder.free();
    return `${hex(address)} ${raw.padEnd(22)} ${text}`;
  };
}
