// A compiled module's functions, as the instructions that they are made of: enough to see what a compiler has made of a source.
// WebAssembly core specification 2.0, chapter 5 (binary format), with SIMD and bulk memory.

const SECTION = { import: 2, export: 7, code: 10 };
const FUNCTION = 0;
const BR_TABLE = 0x0e;

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new Error('the module ends within an item');
    return this.bytes[this.at++];
  }

  /** LEB128; what is over 32 bits (a constant's) is skipped and not kept. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  skip(bytes) {
    this.at += bytes;
  }

  text() {
    const length = this.number();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.skip(length);
    return text;
  }

  limits() {
    const flags = this.number();
    this.number();
    if (flags & 1) this.number();
  }
}

/** Sections by their number, as readers of their contents. */
function sections(bytes) {
  const reader = new Reader(bytes);
  reader.skip(8);
  const found = new Map();
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.number();
    found.set(id, new Reader(bytes.subarray(reader.at, reader.at + size)));
    reader.skip(size);
  }
  return found;
}

function importedFunctions(reader) {
  let functions = 0;
  for (let count = reader?.number() ?? 0; count > 0; count--) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === FUNCTION) {
      reader.number();
      functions++;
    } else if (kind === 1) {
      reader.byte();
      reader.limits();
    } else if (kind === 2) reader.limits();
    else reader.skip(2);
  }
  return functions;
}

/** Passes the immediates of one instruction; the value is a br_table's labels (the last is the default), else null. */
function passInstruction(reader) {
  const opcode = reader.byte();
  if (opcode === BR_TABLE) return Array.from({ length: reader.number() + 1 }, () => reader.number());
  if (opcode === 0xfc) passBulk(reader);
  else if (opcode === 0xfd) passVector(reader);
  else if (opcode === 0x1c) for (let types = reader.number(); types > 0; types--) reader.number();
  else if (opcode === 0x43) reader.skip(4);
  else if (opcode === 0x44) reader.skip(8);
  else if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) pass(reader, 2);
  else if (NUMBERED.some(([first, last]) => opcode >= first && opcode <= last)) reader.number();
  return null;
}
/** Opcodes with one number behind them: blocks, branches, calls, locals and globals, memory.size, constants. */
const NUMBERED = [
  [0x02, 0x04],
  [0x0c, 0x0d],
  [0x10, 0x10],
  [0x20, 0x26],
  [0x3f, 0x42],
  [0xd0, 0xd0],
  [0xd2, 0xd2],
]; // prettier-ignore

function pass(reader, numbers) {
  for (; numbers > 0; numbers--) reader.number();
}

function passBulk(reader) {
  const opcode = reader.number();
  if (opcode >= 8) pass(reader, [8, 10, 12, 14].includes(opcode) ? 2 : 1);
}

function passVector(reader) {
  const opcode = reader.number();
  const memory = opcode <= 0x0b || (opcode >= 0x54 && opcode <= 0x5d);
  if (memory) pass(reader, 2);
  if (opcode === 0x0c || opcode === 0x0d) reader.skip(16);
  if ((opcode >= 0x15 && opcode <= 0x22) || (opcode >= 0x54 && opcode <= 0x5b)) reader.skip(1);
}

/** The br_tables of the exported function `name`, each as its labels with the default one last. */
export function branchTables(bytes, name) {
  const found = sections(bytes);
  const exported = found.get(SECTION.export);
  let wanted = -1;
  for (let count = exported.number(); count > 0; count--) {
    const text = exported.text();
    const isFunction = exported.byte() === FUNCTION;
    const index = exported.number();
    if (isFunction && text === name) wanted = index;
  }
  if (wanted < 0) throw new Error(`the module exports no function ${name}`);
  const code = found.get(SECTION.code);
  code.number();
  for (let index = wanted - importedFunctions(found.get(SECTION.import)); index > 0; index--) code.skip(code.number());
  const body = new Reader(code.bytes.subarray(code.at, code.at + code.number() + 5));
  const end = body.number() + body.at;
  for (let locals = body.number(); locals > 0; locals--) {
    body.number();
    body.byte();
  }
  const tables = [];
  while (body.at < end) {
    const labels = passInstruction(body);
    if (labels) tables.push(labels);
  }
  return tables;
}
