// Instructions of a Dockerfile that change an image's configuration alone: --change of commit and import.
// docs.docker.com/reference/cli/docker/container/commit, "--change".
import { InputError } from '../base/errors.js';
import type { ContainerDefaults } from '../oci/config.js';
import { parseTrigger } from './build/dockerfile.js';
import { applyMetadata, type Draft } from './build/metadata.js';
import { expandWord } from './build/words.js';
import { InvalidParameter } from './errors.js';

const REFUSED = 'MAINTAINER';

export const EMPTY: ContainerDefaults = {
  ...{ user: '', env: [], workingDir: '', exposedPorts: [], volumes: [], labels: new Map(), onBuild: [] },
};

/** Throws InvalidParameter. */
export function changedConfig(config: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  const draft: Draft = { config: { ...config }, commandGiven: true };
  for (const change of changes) {
    if (change.trim() === '') continue;
    try {
      apply(draft, change);
    } catch (error) {
      if (error instanceof InputError) throw new InvalidParameter(error.message, { cause: error });
      throw error;
    }
  }
  return draft.config;
}

function apply(draft: Draft, change: string): void {
  const instruction = parseTrigger(change);
  const { name, rest } = instruction;
  const variables = (wanted: string): string | undefined =>
    draft.config.env.find((entry) => entry.startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  if (name === 'WORKDIR') {
    const path = expandWord(rest, variables, '\\');
    const above = draft.config.workingDir.replace(/\/$/, '');
    draft.config.workingDir = path.startsWith('/') ? path : `${above}/${path}`;
  } else if (name === REFUSED || applyMetadata(draft, instruction, { variables, escapeLetter: '\\' }) === undefined)
    throw new InvalidParameter(`${name} is not a valid change command`);
}
