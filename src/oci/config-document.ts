// What a container of an image begins with, as the image's document has it. The other way round: config.ts.
// OCI image-spec, config.md; Docker's image specification 1.2 for Healthcheck, OnBuild and Shell. Equal values give equal bytes.
import type { ContainerDefaults } from './config.js';
import type { JsonObject } from './json.js';

const setOf = (names: readonly string[]): JsonObject => Object.fromEntries([...names].sort().map((name) => [name, {}]));

export function configDocument(config: ContainerDefaults): JsonObject {
  const { user, env, entrypoint, cmd, workingDir, exposedPorts, volumes, labels, stopSignal, shell, onBuild } = config;
  const health = config.healthcheck;
  return {
    ...(user && { User: user }),
    ...(exposedPorts.length > 0 && { ExposedPorts: setOf(exposedPorts) }),
    ...(env.length > 0 && { Env: env }),
    ...(entrypoint && { Entrypoint: entrypoint }),
    ...(cmd && { Cmd: cmd }),
    ...(health && { Healthcheck: healthDocument(health) }),
    ...(volumes.length > 0 && { Volumes: setOf(volumes) }),
    ...(workingDir && { WorkingDir: workingDir }),
    ...(onBuild.length > 0 && { OnBuild: onBuild }),
    ...(labels.size > 0 && { Labels: Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1))) }),
    ...(stopSignal && { StopSignal: stopSignal }),
    ...(shell && { Shell: shell }),
  };
}

function healthDocument(health: NonNullable<ContainerDefaults['healthcheck']>): JsonObject {
  const { test, interval, timeout, startPeriod, startInterval, retries } = health;
  return {
    Test: test,
    ...(interval > 0 && { Interval: interval }),
    ...(timeout > 0 && { Timeout: timeout }),
    ...(startPeriod > 0 && { StartPeriod: startPeriod }),
    ...(startInterval > 0 && { StartInterval: startInterval }),
    ...(retries > 0 && { Retries: retries }),
  };
}
