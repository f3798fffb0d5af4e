// GET /containers/X/top: the table that ps(1) would show for its arguments. Docker Engine API, ContainerTop; man 1 ps, "STANDARD FORMAT
// SPECIFIERS", as far as a node knows of processes.
import type { Container } from '../engine/container.js';
import type { Engine, ProcessRow } from '../engine/engine.js';
import { Conflict, InvalidParameter } from '../engine/errors.js';
import type { HttpAnswer, HttpRequest } from '../http/message.js';
import { json } from './answers.js';

interface Moment {
  /** Milliseconds since 1970. */
  now: number;
  /** Bytes that the node has. */
  memory: number;
}

type Column = readonly [title: string, text: (row: ProcessRow, moment: Moment) => string];

const two = (value: number): string => String(value).padStart(2, '0');
const clock = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11, 16);

function time(nanoseconds: number): string {
  const seconds = Math.floor(nanoseconds / 1e9);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** [[DD-]hh:]mm:ss */
function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days}-${two(hours)}:${rest}` : hours > 0 ? `${two(hours)}:${rest}` : rest;
}

const share = (part: number, whole: number): string => ((100 * part) / Math.max(1, whole)).toFixed(1);
const user = ({ uid }: ProcessRow): string => (uid === 0 ? 'root' : String(uid));
const kilobytes = (bytes: number): string => String(Math.floor(bytes / 1024));
const nameOf = ({ command }: ProcessRow): string => command.split(' ')[0]!.replace(/^.*\//, '');
const processor: Column[1] = ({ cpu, started }, { now }) => share(cpu / 1e6, now - started);
const resident: Column[1] = ({ resident }, { memory }) => share(resident, memory);

const COLUMNS: Readonly<Record<string, Column>> = {
  user: ['USER', user],
  uname: ['USER', user],
  euser: ['EUSER', user],
  uid: ['UID', ({ uid }) => String(uid)],
  pid: ['PID', ({ pid }) => String(pid)],
  tgid: ['TGID', ({ pid }) => String(pid)],
  ppid: ['PPID', ({ parent }) => String(parent)],
  pgid: ['PGID', ({ group }) => String(group)],
  sid: ['SID', ({ session }) => String(session)],
  c: ['C', (row, moment) => String(Math.floor(Number(processor(row, moment))))],
  '%cpu': ['%CPU', processor],
  pcpu: ['%CPU', processor],
  '%mem': ['%MEM', resident],
  pmem: ['%MEM', resident],
  vsz: ['VSZ', ({ virtual }) => kilobytes(virtual)],
  rss: ['RSS', ({ resident }) => kilobytes(resident)],
  stat: ['STAT', ({ state }) => state],
  state: ['S', ({ state }) => state],
  s: ['S', ({ state }) => state],
  ni: ['NI', ({ nice }) => String(nice)],
  nice: ['NI', ({ nice }) => String(nice)],
  nlwp: ['NLWP', ({ threads }) => String(threads)],
  stime: ['STIME', ({ started }) => clock(started)],
  start: ['STARTED', ({ started }) => new Date(started).toISOString().slice(11, 19)],
  start_time: ['START', ({ started }) => clock(started)],
  etime: ['ELAPSED', ({ started }, { now }) => elapsed(now - started)],
  etimes: ['ELAPSED', ({ started }, { now }) => String(Math.max(0, Math.floor((now - started) / 1000)))],
  tty: ['TTY', ({ terminal }) => terminal],
  tt: ['TT', ({ terminal }) => terminal],
  time: ['TIME', ({ cpu }) => time(cpu)],
  cputime: ['TIME', ({ cpu }) => time(cpu)],
  cmd: ['CMD', ({ command }) => command],
  args: ['COMMAND', ({ command }) => command],
  command: ['COMMAND', ({ command }) => command],
  comm: ['COMMAND', nameOf],
  ucmd: ['CMD', nameOf],
};
const column = (name: string): Column => COLUMNS[name]!;
const BASIC = ['pid', 'tty', 'time', 'ucmd'].map(column);
const FULL = [['UID', user] as const, ...['pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd'].map(column)];
const LONG = ['s', 'uid', 'pid', 'ppid', 'c', 'ni', 'tty', 'time', 'ucmd'].map(column);
const USERS = ['user', 'pid', '%cpu', '%mem', 'vsz', 'rss', 'tty', 'stat', 'start_time', 'time', 'command'].map(column);

/** The columns of `-ef`, `aux`, `-o pid,comm`, `-eo pid= -o cmd` and their like. Throws InvalidParameter, in ps's words. */
function columnsOf(args: string): readonly Column[] {
  const words = args.split(/\s+/).filter(Boolean);
  const asked: string[] = [];
  let style: readonly Column[] = BASIC;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const list = /^(?:-[AaedfHlLTwx]*[oO]|[AaegTrwx]*o|--format(?==|$))=?(.*)$/.exec(word)?.[1];
    if (list !== undefined) asked.push(...(list || (words[++at] ?? '')).split(',').filter(Boolean));
    else if (/^[aegTrwxuf]+$/.test(word)) style = word.includes('u') ? USERS : style;
    else if (/^-[AaedfFHlLTwy]+$/.test(word)) style = /[fF]/.test(word) ? FULL : word.includes('l') ? LONG : style;
    else throw new InvalidParameter(`ps: error: unsupported option: ${word}`);
  }
  if (asked.length === 0) return style;
  return asked.map((text) => {
    const [name = '', title] = text.split('=');
    if (!Object.hasOwn(COLUMNS, name))
      throw new InvalidParameter(`ps: error: unknown user-defined format specifier "${name}"`);
    const [usual, shown] = column(name);
    return [title ?? usual, shown];
  });
}

export async function topOf(engine: Engine, container: Container, request: HttpRequest): Promise<HttpAnswer> {
  if (!container.running) throw new Conflict(`container ${container.id} is not running`);
  const columns = columnsOf(request.query.get('ps_args') || '-ef');
  const rows = await engine.node.call('processes', { id: container.id });
  const { memory } = await engine.node.call('info');
  const moment = { now: engine.host.date(), memory };
  return json({
    Titles: columns.map(([title]) => title),
    Processes: rows.map((row) => columns.map(([, text]) => text(row, moment))),
  });
}
