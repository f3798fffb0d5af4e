// The folder of images and containers. XDG Base Directory Specification (XDG_DATA_HOME).
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface DataOption {
  data?: string;
}

export function dataFolder({ data }: DataOption): string {
  return (
    data ||
    process.env.TABVISOR_DATA ||
    join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'tabvisor')
  );
}
