// /proc/sysvipc: the objects of the reader's IPC namespace. man 5 proc; Linux ipc/{shm,sem,msg}.c, sysvipc_*_proc_show.
import type { IpcObject } from '../../ipc/ipc-object.js';
import { PAGE_SIZE } from '../../mm/frames.js';
import type { Task } from '../../task/task.js';
import type { SystemSubject } from './subject.js';
import { text } from './text.js';

const column = (value: number | string, width: number): string => String(value).padStart(width);
const owners = ({ uid, gid, cuid, cgid }: IpcObject): string =>
  [uid, gid, cuid, cgid].map((id) => column(id, 5)).join(' ');
const head = ({ key, id, mode }: IpcObject): string =>
  `${column(key, 10)} ${column(id, 10)}  ${column(mode.toString(8), 4)}`;
const times = (...seconds: number[]): string => seconds.map((second) => column(second, 10)).join(' ');

function shm(reader: Task): string {
  const seen = reader.pidNamespace;
  let lines =
    '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n';
  for (const one of reader.namespaces.ipc.shm) {
    const pids = `${column(one.creator.in(seen), 5)} ${column(one.lastPid?.in(seen) ?? 0, 5)}`;
    const pages = `${column(one.residentPages * PAGE_SIZE, 21)} ${column(0, 21)}`;
    lines += `${head(one)} ${column(one.size, 21)} ${pids}  ${column(one.attaches, 5)} ${owners(one)} ${times(one.atime, one.dtime, one.ctime)} ${pages}\n`;
  }
  return lines;
}

function sem(reader: Task): string {
  let lines = '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n';
  for (const one of reader.namespaces.ipc.sem)
    lines += `${head(one)} ${column(one.values.length, 10)} ${owners(one)} ${times(one.otime, one.ctime)}\n`;
  return lines;
}

function msg(reader: Task): string {
  const seen = reader.pidNamespace;
  let lines =
    '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n';
  for (const one of reader.namespaces.ipc.msg) {
    const pids = [one.lastSender, one.lastReceiver].map((pid) => column(pid?.in(seen) ?? 0, 5)).join(' ');
    const sizes = `${column(one.bytes, 10)} ${column(one.messages.length, 10)}`;
    lines += `${head(one)}  ${sizes} ${pids} ${owners(one)} ${times(one.stime, one.rtime, one.ctime)}\n`;
  }
  return lines;
}

export const SYSVIPC = [
  text<SystemSubject>('msg', 0o444, (_subject, reader) => msg(reader)),
  text<SystemSubject>('sem', 0o444, (_subject, reader) => sem(reader)),
  text<SystemSubject>('shm', 0o444, (_subject, reader) => shm(reader)),
];
