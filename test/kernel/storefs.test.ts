// Changes of a root that outlive its node, as programs make and see them. What a crash leaves: src/kernel/fs/store/storefs.test.ts.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Layerfs } from '../../src/kernel/fs/layerfs.js';
import { Overlayfs } from '../../src/kernel/fs/overlayfs.js';
import { Storefs } from '../../src/kernel/fs/store/storefs.js';
import { indexLayer } from '../../src/oci/layer.js';
import { MemoryBlockStore } from '../memory-block-store.js';
import { mountAt } from '../../src/kernel/node.js';
import { missing, needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { type TarFile, tarOf } from '../tar.js';
import { TestNode } from './node-fixture.js';

const APPLETS =
  'sh ls cat md5sum stat rm mkdir mv dd wc find sort ln chmod chown touch sync readlink sed mkfifo rmdir truncate cmp seq head'.split(
    ' ',
  );

class KeptNode {
  readonly node: TestNode;
  storefs!: Storefs;

  constructor(
    busybox: string,
    readonly store: MemoryBlockStore,
  ) {
    const blob = tarOf([
      { name: 'bin/busybox', data: readFileSync(busybox), mode: 0o755 },
      ...APPLETS.map((name): TarFile => ({ name: `bin/${name}`, type: '2', link: 'busybox' })),
      { name: 'etc/motd', data: 'from below\n' },
      { name: 'etc/other', data: 'other\n' },
      { name: 'lower/a', data: 'a' },
      { name: 'dev/', type: '5' },
      { name: 'proc/', type: '5' },
      { name: 'tmp/', type: '5', mode: 0o1777 },
    ]);
    const source = {
      name: 'l',
      size: blob.length,
      read: (at: number, into: Uint8Array) => into.set(blob.subarray(at, at + into.length)),
    };
    this.node = new TestNode(true, (kernel) => {
      this.storefs = new Storefs(kernel.newDevice(), kernel, store, { mode: 0o755 });
      const lower = new Layerfs(kernel.newDevice(), kernel.frames, source, indexLayer(source));
      return new Overlayfs(kernel.newDevice(), kernel.setup, this.storefs.fs, [lower]);
    });
  }

  sh(command: string): string {
    const { output, errors } = this.node.run(['sh', '-c', command]);
    return output + errors;
  }

  /** The next node has what this one leaves. */
  next(busybox: string): KeptNode {
    expect(this.storefs.close()).toBe(0);
    return new KeptNode(busybox, new MemoryBlockStore(this.store.contents));
  }
}

/** Everything that can be seen of the root but what is in memory filesystems. */
const LOOK =
  'cd /; find etc lower w -exec stat -c "%n %F %a %u %g %h %s %Y" {} + 2>/dev/null | sed "s/directory \\(.*\\) [0-9]* \\([0-9]*\\)$/directory \\1 \\2/" | sort; find w etc lower -type f -exec md5sum {} + | sort; readlink w/l';

describe('a root with its changes in a store', () => {
  test('has them again: files, names, owners, times, links, whiteouts, holes', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryBlockStore());
    first.sh(`
      mkdir -p /w/d/e; cd /w; echo one > f; ln f g; ln -s ../x l; mkfifo q; chmod 4711 f; chown 12:34 g; touch -t 200001020304 d
      seq 1 50000 > large; dd if=large of=holes bs=1 seek=1000000 count=10 2>/dev/null; truncate -s 3000000 holes
      echo more >> /etc/motd; rm /etc/other; rm -r /lower; mkdir /lower; mv d/e moved; truncate -s 5000 large; seq 5 >> large`);
    const seen = first.sh(LOOK);
    expect(seen).toContain('w/holes');
    const second = first.next(busybox);
    expect(second.sh(LOOK)).toBe(seen);
    expect(second.sh('ls /lower; cat /etc/other')).toMatch(/^cat: /);
    // what takes no room still takes none
    expect(Number(second.sh('stat -c %b /w/holes'))).toBeLessThan(40);
    second.sh('echo three > /w/third; rm /w/f /w/holes; mv /w/moved /w/again; echo x >> /w/large');
    const later = second.sh(LOOK);
    expect(second.next(busybox).sh(LOOK)).toBe(later);
  });

  test('what was synced is there when the node ends without a word', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryBlockStore());
    first.sh('mkdir /w; sync');
    for (const i of [1, 2, 3]) {
      const { flushes } = first.store;
      first.sh(
        `cd /w; seq ${i} 3000 > same; rm -f f${i - 1}; seq ${i} > f${i}; dd if=/dev/null of=same conv=notrunc,fsync`,
      );
      expect(first.store.flushes).toBeGreaterThan(flushes);
      const seen = first.sh('cat /w/*; ls /w');
      first.sh('echo lost > /w/lost');
      const after = new KeptNode(busybox, new MemoryBlockStore(first.store.contents));
      expect(after.sh('cat /w/*; ls /w')).toBe(seen);
      first.sh('rm /w/lost');
    }
  });

  test('memory is had back from what is kept', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryBlockStore());
    const sum = first.sh('mkdir /w; dd if=/bin/busybox of=/w/a bs=65536 2>/dev/null; md5sum < /w/a');
    expect(first.storefs.fs.reclaim(() => true)).toBeGreaterThan(100);
    expect(first.sh('md5sum < /w/a')).toBe(sum);
  });

  test('what is written through a map after a commit is in the next one', (context) => {
    const { busybox } = needs(context, 'busybox');
    const binary = compiled(context);
    const first = new KeptNode(busybox, new MemoryBlockStore());
    const root = first.storefs.fs.root.create(first.node.kernel.setup, 'm', { mode: 0o100755, uid: 0, gid: 0 });
    if (typeof root === 'number') throw new Error('no file');
    const { frames } = first.node.kernel;
    for (let at = 0; at < binary.length; at += 4096) {
      frames.bytes.set(binary.subarray(at, at + 4096), frames.hostAddress(root.cache!.get(at / 4096)));
      root.cache!.markDirty(at / 4096);
    }
    root.size = binary.length;
    expect(first.sh('mkdir /w; /m')).toBe('');
    expect(first.next(busybox).sh('cat /w/map | head -c 11')).toBe('AAAA msync ');
  });
});

/** Writes through a shared map before and after msync. */
const MAP = `
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  int fd = open("/w/map", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 8192);
  char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memcpy(p, "aaaa first ", 11);
  msync(p, 8192, MS_SYNC);
  memcpy(p, "AAAA", 4);
  memcpy(p + 5, "msync ", 6);
  return 0;
}`;

function compiled(context: Parameters<typeof needs>[0]): Uint8Array {
  const binary = join(scratch(), 'map');
  const { status } = spawnSync('gcc', ['-m32', '-O1', '-w', '-static', '-x', 'c', '-', '-o', binary], { input: MAP });
  if (status !== 0) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  return readFileSync(binary);
}

/** Programs about files, which test/kernel/programs.test.ts runs in memory; with a link of their own where that is theirs to try. */
const FILES = ['file', 'append', 'link', 'xattr', 'mmap', 'sync'];

test.for(FILES)('%s prints in a store what it does natively', (name, context) => {
  const folder = scratch();
  const binary = join(folder, name);
  const source = join(root, `test/kernel/programs/${name}.c`);
  const made = spawnSync('gcc', ['-m32', '-O1', '-w', '-static', '-pthread', '-o', binary, source]);
  if (made.status !== 0) missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  const place = scratch();
  chmodSync(place, 0o755);
  const native = spawnSync(binary, [], { cwd: place, encoding: 'utf8', timeout: 60_000 });
  const node = new TestNode();
  const { kernel, mounts } = node;
  const store = new MemoryBlockStore();
  const storefs = new Storefs(kernel.newDevice(), kernel, store, { mode: 0o755 });
  mountAt(kernel, mounts.namespace, '/work', storefs.fs);
  node.file('/bin/program', readFileSync(binary));
  const here = node.run([`/bin/program`], '', '/work');
  expect(here.output).toBe(native.stdout);
  // and what it has left comes again
  expect(storefs.close()).toBe(0);
  const tree = (fs: Storefs['fs']): unknown[] => [...fs.all].map(({ record }) => record);
  const again = new Storefs(kernel.newDevice(), kernel, new MemoryBlockStore(store.contents), { mode: 0o755 });
  expect(tree(again.fs)).toEqual(tree(storefs.fs));
});
