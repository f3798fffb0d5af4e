// The gateway's name server: asks the host, and answers what the host can know.
// Source: RFC 1035 section 4 (messages); RFC 3596 (AAAA); RFC 2308 (an empty answer means: the name has none of that type).
import type { Address } from './address.js';
import { put16, put32, put128, u16 } from './big-endian.js';

export const DNS_PORT = 53;
const HEADER = 12;
const NAME_MAX = 255;
const TYPE_A = 1;
export const TYPE_PTR = 12;
const TYPE_AAAA = 28;
const CLASS_IN = 1;
const LIFETIME = 30;
/** Of a resource record, in front of its data. */
const RECORD = 12;
const ANSWERS_MAX = 16;
const FLAGS = { RESPONSE: 0x8000, OPCODE: 0x7800, DESIRED: 0x0100, AVAILABLE: 0x0080 };
const CODE_MASK = 15;
const CODE = { OK: 0, FORMAT: 1, FAILURE: 2, NO_NAME: 3, NOT_IMPLEMENTED: 4 };
/** A pointer to the name in the question. */
const QUESTION_NAME = 0xc00c;

export interface Question {
  name: string;
  type: number;
  class: number;
  /** Of the question, behind the header. */
  end: number;
}

/** What a message asks; bytes: the answer to one that can't be dealt with; undefined: it is no query. */
export function readQuery(query: Uint8Array): Question | Uint8Array | undefined {
  if (query.length < HEADER || u16(query, 2) & FLAGS.RESPONSE) return undefined;
  if (u16(query, 2) & FLAGS.OPCODE) return respond(query, HEADER, CODE.NOT_IMPLEMENTED, []);
  const question = u16(query, 4) === 1 ? readQuestion(query) : undefined;
  if (!question) return respond(query, HEADER, CODE.FORMAT, []);
  if (question.class !== CLASS_IN) return respond(query, question.end, CODE.NOT_IMPLEMENTED, []);
  return question;
}

/** The answer to a query: addresses of the name; undefined: nobody could be asked. */
export function answerQuery(
  query: Uint8Array,
  question: Question,
  addresses: readonly Address[] | undefined,
): Uint8Array {
  if (!addresses) return respond(query, question.end, CODE.FAILURE, []);
  if (addresses.length === 0) return respond(query, question.end, CODE.NO_NAME, []);
  const wanted = addresses.filter((address) => typeOf(address) === question.type);
  return respond(query, question.end, CODE.OK, wanted.slice(0, ANSWERS_MAX).map(recordOf));
}

/** The answer to a query for the name of an address. */
export function answerName(query: Uint8Array, question: Question, name: string): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...[...label].map((one) => one.charCodeAt(0))]);
  return respond(query, question.end, CODE.OK, [{ type: TYPE_PTR, data: Uint8Array.from([...labels, 0]) }]);
}

/** Is it the answer to a query, whose number may be another one? */
export function isAnswer(reply: Uint8Array, query: Uint8Array, { end }: Question): boolean {
  if (reply.length < end || (u16(reply, 2) & FLAGS.RESPONSE) === 0) return false;
  const count = u16(reply, 4);
  if (count !== 1) return count === 0 && (u16(reply, 2) & CODE_MASK) !== CODE.OK;
  for (let at = HEADER; at < end; at++) if (reply[at] !== query[at]) return false;
  return true;
}

/** Answers one message; undefined when it is none. `lookup` as HostNetwork's. */
export async function answerDns(
  query: Uint8Array,
  lookup: (name: string) => Promise<Address[] | undefined>,
): Promise<Uint8Array | undefined> {
  const question = readQuery(query);
  if (!question || question instanceof Uint8Array) return question;
  return answerQuery(query, question, await lookup(question.name));
}

const typeOf = (address: Address): number => (typeof address === 'number' ? TYPE_A : TYPE_AAAA);

/** Of an answer, by its type. */
interface Answer {
  type: number;
  data: Uint8Array;
}

function recordOf(address: Address): Answer {
  const data = new Uint8Array(typeof address === 'number' ? 4 : 16);
  if (typeof address === 'number') put32(data, 0, address);
  else put128(data, 0, address);
  return { type: typeOf(address), data };
}

function readQuestion(query: Uint8Array): Question | undefined {
  const labels: string[] = [];
  let at = HEADER;
  for (let total = 0; ; ) {
    const length = query[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    total += length + 1;
    const label = query.subarray(at, at + length);
    if (total > NAME_MAX || label.length < length) return undefined;
    labels.push(String.fromCharCode(...label));
    at += length;
  }
  if (at + 4 > query.length) return undefined;
  return { name: labels.join('.'), type: u16(query, at), class: u16(query, at + 2), end: at + 4 };
}

function respond(query: Uint8Array, questionEnd: number, code: number, answers: readonly Answer[]): Uint8Array {
  const reply = new Uint8Array(answers.reduce((sum, { data }) => sum + RECORD + data.length, questionEnd));
  reply.set(query.subarray(0, questionEnd));
  put16(reply, 2, FLAGS.RESPONSE | (u16(query, 2) & FLAGS.DESIRED) | FLAGS.AVAILABLE | code);
  put16(reply, 4, questionEnd > HEADER ? 1 : 0);
  put16(reply, 6, answers.length);
  put32(reply, 8, 0);
  let at = questionEnd;
  for (const { type, data } of answers) {
    put16(reply, at, QUESTION_NAME);
    put16(reply, at + 2, type);
    put16(reply, at + 4, CLASS_IN);
    put32(reply, at + 6, LIFETIME);
    put16(reply, at + 10, data.length);
    reply.set(data, at + RECORD);
    at += RECORD + data.length;
  }
  return reply;
}
