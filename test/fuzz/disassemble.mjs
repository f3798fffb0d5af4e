// A snippet as text. iced-x86.
import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { CODE } from './assembler.mjs';

export function disassemble({ code }) {
  const decoder = new Decoder(32, Uint8Array.from(code), DecoderOptions.None);
  const formatter = new Formatter(FormatterSyntax.Nasm);
  decoder.ip = BigInt(CODE);
  const lines = [];
  while (decoder.canDecode) {
    const instruction = decoder.decode();
    lines.push(`${instruction.ip.toString(16)}  ${formatter.format(instruction)}`);
    instruction.free();
  }
  formatter.free();
  decoder.free();
  return lines;
}
