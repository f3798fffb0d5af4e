// docker's config.json: who somebody is to registries. Docker docs, "docker login"; cli/config. Contract: Accounts in ../host.ts.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../../base/errors.js';
import { dockerCredentials } from '../../../hosts/node/docker-credentials.js';
import { Complaint } from '../complaint.js';
import type { Accounts, Config } from '../host.js';

const folderOf = (): string => process.env.DOCKER_CONFIG || join(homedir(), '.docker');

export const nodeAccounts: Accounts = {
  get place() {
    return join(folderOf(), 'config.json');
  },
  read() {
    try {
      return JSON.parse(readFileSync(this.place, 'utf8')) as Config;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw new Complaint(`${this.place}: ${messageOf(error)}`);
    }
  },
  /** It is whole at any time, and nobody else's to read. */
  write(config) {
    mkdirSync(folderOf(), { recursive: true, mode: 0o700 });
    const beside = join(folderOf(), `config.json.${process.pid}`);
    try {
      writeFileSync(beside, `${JSON.stringify(config, undefined, '\t')}`, { mode: 0o600 });
      renameSync(beside, this.place);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  },
  credentials: (server) => dockerCredentials(server),
  help(helper, verb, input) {
    const { status, error, stdout } = spawnSync(helper, [verb], { input, encoding: 'utf8' });
    if (error || status !== 0) throw new Complaint(`${helper} ${verb}: ${error?.message ?? stdout.trim()}`);
  },
};
