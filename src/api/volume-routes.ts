// Routes of volumes. Docker Engine API, "Volumes". A volume is kept by the node for as long as that lives.
import { type Engine, type Volume, volumeOf } from '../engine/engine.js';
import { sizeOfVolume } from '../engine/disk-usage.js';
import { InvalidParameter, NotFound, Forbidden } from '../engine/errors.js';
import { booleanOf, checkFilters, matchesLabels, parseFilters, passesLabels } from '../engine/filters.js';
import { randomHex } from '../engine/host.js';
import { Members } from '../engine/json-members.js';
import { checkDriver } from '../engine/mount-points.js';
import { NO_SWARM } from '../engine/networks.js';
import { readJson } from '../http/body.js';
import type { Router } from '../http/router.js';
import { dateOf, flagOf, json, nothing } from './answers.js';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;

export const shown = ({ Name, Labels, created, Options = {}, folder }: Volume) => ({
  ...{ Name, Driver: 'local', Mountpoint: folder ?? `volume:${Name}`, CreatedAt: dateOf(created) },
  ...{ Labels, Scope: 'local', Options },
});

export function volumeRoutes(router: Router, engine: Engine): void {
  router.add('GET', '/volumes', async (request) => {
    const filters = parseFilters(request.query.get('filters'));
    checkFilters(filters, ['dangling', 'driver', 'label', 'name']);
    const any = (name: string, test: (value: string) => boolean): boolean => filters.get(name)?.some(test) ?? true;
    const dangling = booleanOf(filters, 'dangling');
    const found = [...engine.volumes.values()].filter(
      (volume) =>
        any('name', (value) => volume.Name.includes(value)) &&
        any('driver', (value) => value === 'local') &&
        (dangling === undefined || dangling === (engine.usersOf(volume.Name).length === 0)) &&
        matchesLabels(filters.get('label'), volume.Labels),
    );
    return json({ Volumes: found.map(shown), Warnings: [] });
  });
  router.add('POST', '/volumes/create', async (request) => {
    const body = new Members(await readJson(request), 'the volume');
    const given = body.text('Name');
    if (given && !NAME.test(given))
      throw new InvalidParameter(`create ${given}: "${given}" includes invalid characters for a local volume name`);
    checkDriver(body.text('Driver'));
    if (body.has('ClusterVolumeSpec')) throw new Forbidden(NO_SWARM);
    const name = given || randomHex(engine.host, 32);
    const volume = volumeOf(name, body.map('Labels'), body.map('DriverOpts'), !given, engine.host.date());
    return json(shown(await engine.createVolume(volume)), 201);
  });
  router.add('POST', '/volumes/prune', async (request) => {
    const filters = parseFilters(request.query.get('filters'));
    checkFilters(filters, ['label', 'label!', 'all']);
    let reclaimed = 0;
    const all = booleanOf(filters, 'all') ?? false;
    const deleted: string[] = [];
    for (const volume of [...engine.volumes.values()]) {
      if (engine.usersOf(volume.Name).length > 0 || !(all || volume.anonymous)) continue;
      if (!passesLabels(filters, volume.Labels)) continue;
      reclaimed += await sizeOfVolume(engine, volume.Name);
      await engine.removeVolume(volume.Name);
      deleted.push(volume.Name);
    }
    engine.events.tell('volume', 'prune', '', { reclaimed: String(reclaimed) });
    return json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed });
  });
  router.add('GET', '/volumes/{name}', async (_request, { name }) => json(shown(engine.volume(name!))));
  router.add('DELETE', '/volumes/{name}', async (request, { name }) => {
    // by force even one that is not there
    await engine.removeVolume(name!).catch((error) => {
      if (!(error instanceof NotFound) || !flagOf(request, 'force')) throw error;
    });
    return nothing();
  });
}
