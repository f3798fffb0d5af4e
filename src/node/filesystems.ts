// The filesystems that a node keeps though no container has them mounted: layers of images, roots over them, volumes; in stores of the
// host's, or in memory.
// Ours; src/node/contract.ts has the calls.
import { errnoName } from '../kernel/abi/errno.js';
import type { Disk } from '../kernel/block/disk.js';
import { Hostfs } from '../kernel/fs/hostfs.js';
import { Layerfs } from '../kernel/fs/layerfs.js';
import { Overlayfs } from '../kernel/fs/overlayfs.js';
import { Storefs } from '../kernel/fs/store/storefs.js';
import { Tmpfs } from '../kernel/fs/tmpfs.js';
import type { Kernel } from '../kernel/kernel.js';
import { PAGE_SIZE } from '../kernel/mm/frames.js';
import type { UserNamespace } from '../kernel/ns/user-namespace.js';
import type { FileSystem } from '../kernel/vfs/file-system.js';
import type { Mount } from '../kernel/vfs/mount.js';
import { indexLayer } from '../oci/layer.js';
import { beginVolume } from './fill-volume.js';
import type { ArgumentOf, Layer } from './contract.js';
import type { LayerBlob, NodeFiles } from './host-files.js';
import { initLayer } from './init-layer.js';
import { mappedNamespace } from './namespaces.js';
import { Refusal } from './refusal.js';
import { checkMappings } from './spec-check.js';

/** Names of filesystems and containers. */
export const ID = /^[\w.+-]{1,255}$/;

/** A filesystem that is there though no container has it mounted. */
interface Kept {
  fs: FileSystem;
  mount: Mount;
  /** Where it lasts. */
  lasting?: Lasting;
}

/** A filesystem in a store of the host's. */
interface Lasting {
  storefs: Storefs;
  /** The store's name. */
  place: string;
}

/** A layer that roots have had. */
interface KeptLayer {
  id: string;
  fs: Layerfs;
  source: LayerBlob;
}

export class Filesystems {
  private readonly layers = new Map<string, KeptLayer>();
  /** Layers that the engine has no more: each goes with the last root that has it. */
  private readonly forgotten = new Set<string>();
  private readonly roots = new Map<string, Kept>();
  private readonly volumes = new Map<string, Kept>();
  /** What all layers lie on, and what changes of them. */
  private store?: Disk;

  constructor(
    private readonly kernel: Kernel,
    private readonly files: NodeFiles,
  ) {}

  /** Throws Refusal. */
  root(id: string): FileSystem {
    const kept = this.roots.get(id);
    if (!kept) throw new Refusal('missing', `there is no root ${id}`);
    return kept.fs;
  }

  /** Throws Refusal. */
  volume(id: string): FileSystem {
    const kept = this.volumes.get(id);
    if (!kept) throw new Refusal('missing', `there is no volume ${id}`);
    return kept.fs;
  }

  /** What mounts of a container are made of. */
  get sources() {
    return { files: this.files, volumes: new Map([...this.volumes].map(([name, { fs }]) => [name, fs])) };
  }

  private keep(into: Map<string, Kept>, id: string, what: string, make: () => Omit<Kept, 'mount'>): void {
    if (!ID.test(id)) throw new Refusal('invalid', `${what} '${id}': letters, digits and _.+- are taken`);
    if (into.has(id)) throw new Refusal('conflict', `${what} ${id} is there already`);
    const made = make();
    const { fs } = made;
    into.set(id, { ...made, mount: this.kernel.newMount(fs, fs.rootDentry, 0) });
  }

  /** Ends what is there. Its store stays with `keep`, and then all that has changed is in it. */
  private drop(from: Map<string, Kept>, id: string, what: string, keep: boolean): void {
    const kept = from.get(id);
    if (!kept) throw new Refusal('missing', `there is no ${what} ${id}`);
    from.delete(id);
    const { mount, lasting } = kept;
    const failed = keep ? (lasting?.storefs.close() ?? 0) : 0;
    if (!keep) lasting?.storefs.abandon();
    mount.discard();
    if (lasting && !keep) this.files.removeStore(lasting.place);
    if (failed !== 0) throw new Refusal('invalid', `${what} ${id}: the last changes are lost: ${errnoName(failed)}`);
  }

  /** A filesystem for changes, of `owner`: in the store `place`, or without one in memory. */
  private changes(device: number, place: string | undefined, owner = this.kernel.userNamespace) {
    const { kernel } = this;
    const root = { mode: 0o755, ...owner.rootIds };
    let lasting: Lasting | undefined;
    if (place !== undefined)
      lasting = { storefs: new Storefs(device, kernel, this.files.openStore(place), root), place };
    const fs = lasting?.storefs.fs ?? new Tmpfs(device, kernel.frames, { size: this.wholeSize, ...root }, kernel.clock);
    fs.owner = owner;
    return { fs, lasting };
  }

  addRoot({ id, ...from }: ArgumentOf<'addRoot'>): void {
    const { kernel } = this;
    this.keep(this.roots, id, 'root', () => {
      if ('folder' in from) {
        const { tree } = this.files.openTree(from.folder, false);
        const disk = kernel.disks.add();
        const fs = new Hostfs(disk.device, kernel.frames, tree, { live: true, readOnly: false });
        disk.hold(fs);
        return { fs };
      }
      checkMappings(from.owners);
      const owner = from.owners ? mappedNamespace(kernel, from.owners) : kernel.userNamespace;
      const { fs: upper, lasting } = this.changes(kernel.newDevice(), from.upper, owner);
      if (lasting) this.storeDisk.hold(upper);
      const image = from.layers.map((layer) => this.layer(layer, owner)).reverse();
      const init = initLayer(kernel, image, owner.rootIds, from.places);
      const lowers = init ? [init, ...image] : image;
      return { fs: new Overlayfs(kernel.newDevice(), kernel.setup, upper, lowers), lasting };
    });
  }

  private get storeDisk(): Disk {
    this.store ??= this.kernel.disks.add();
    return this.store;
  }

  /** One filesystem of a layer serves all that have it with the same owners. */
  private layer({ id, blob, index }: Layer, owner: UserNamespace): Layerfs {
    const { kernel } = this;
    const owners = owner.parent ? owner : undefined;
    const key = owners ? JSON.stringify([id, owners.uids.extents, owners.gids.extents]) : id;
    this.forgotten.delete(id);
    let layer = this.layers.get(key);
    if (!layer) {
      const source = this.files.openBlob(blob);
      const fs = new Layerfs(kernel.newDevice(), kernel.frames, source, index ?? indexLayer(source), owners);
      layer = { id, fs, source };
      this.layers.set(key, layer);
      this.storeDisk.hold(fs);
    }
    return layer.fs;
  }

  /** Layers that nobody will ask for any more: each goes with the last root that has it. */
  forgetLayers(ids: readonly string[]): void {
    for (const id of ids) this.forgotten.add(id);
    this.sweepLayers();
  }

  private sweepLayers(): void {
    if (this.forgotten.size === 0) return;
    const kept = [...this.roots.values(), ...this.volumes.values()];
    const used = new Set(kept.flatMap(({ fs }) => (fs instanceof Overlayfs ? fs.lowers : [])));
    const left = new Set<string>();
    for (const [key, { id, fs, source }] of this.layers) {
      if (!this.forgotten.has(id)) continue;
      if (used.has(fs)) {
        left.add(id);
        continue;
      }
      this.layers.delete(key);
      this.store?.letGo(fs);
      fs.unmounted();
      source.close?.();
    }
    for (const id of this.forgotten) if (!left.has(id)) this.forgotten.delete(id);
  }

  removeRoot({ id, keep = false }: ArgumentOf<'removeRoot'>): void {
    const lasting = this.roots.get(id)?.lasting;
    if (lasting) this.store?.letGo(lasting.storefs.fs);
    const fs = this.roots.get(id)?.fs;
    if (fs instanceof Hostfs) this.kernel.disks.removeOf(fs);
    try {
      this.drop(this.roots, id, 'root', keep);
    } finally {
      this.sweepLayers();
    }
  }

  /** One that lasts is a disk of its own to programs. */
  addVolume({ id, store, layers, owners, begins }: ArgumentOf<'addVolume'>): void {
    checkMappings(owners);
    const owner = owners ? mappedNamespace(this.kernel, owners) : undefined;
    const { disks } = this.kernel;
    const shown = (what: Layer[]): FileSystem => {
      const { fs: upper } = this.changes(this.kernel.newDevice(), undefined, owner);
      const lowers = what.map((layer) => this.layer(layer, owner ?? this.kernel.userNamespace)).reverse();
      return new Overlayfs(this.kernel.newDevice(), this.kernel.setup, upper, lowers);
    };
    this.keep(this.volumes, id, 'volume', () => {
      if (layers) return { fs: shown(layers) };
      if (store === undefined) return this.changes(this.kernel.newDevice(), undefined, owner);
      // the first is that of the layers, whatever comes first
      void this.storeDisk;
      const disk = disks.add();
      try {
        const made = this.changes(disk.device, store, owner);
        disk.hold(made.fs);
        made.fs.source = `/dev/${disk.name}`;
        if (begins) beginVolume(this.kernel, made.fs, begins, shown);
        return made;
      } catch (error) {
        disks.remove(disk);
        throw error;
      }
    });
  }

  removeVolume({ id, keep = false }: ArgumentOf<'removeVolume'>): void {
    const volume = this.volumes.get(id);
    this.drop(this.volumes, id, 'volume', keep);
    if (volume) this.kernel.disks.removeOf(volume.fs);
    this.sweepLayers();
  }

  /** What has changed is on the host's storage. Throws Refusal. */
  sync(): void {
    let first: Refusal | undefined;
    for (const [id, { lasting }] of [...this.roots, ...this.volumes]) {
      const failed = lasting?.storefs.commit(true) ?? 0;
      if (failed !== 0) first ??= new Refusal('invalid', `${id}: writing back has failed: ${errnoName(failed)}`);
    }
    if (first) throw first;
  }

  private get wholeSize(): number {
    return this.kernel.frames.count * PAGE_SIZE;
  }
}
