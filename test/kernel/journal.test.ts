// Changes of a root that outlive its node: what was committed is there again, after an end as after a crash at any byte.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../../src/vmm/snapshot/crc32.js';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { Journal, type JournalStore } from '../../src/kernel/fs/journal.js';
import { Layerfs } from '../../src/kernel/fs/layerfs.js';
import { Overlayfs } from '../../src/kernel/fs/overlayfs.js';
import { Tmpfs } from '../../src/kernel/fs/tmpfs.js';
import { indexLayer } from '../../src/oci/layer.js';
import { missing, needs } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { type TarFile, tarOf } from '../tar.js';
import { TestNode } from './node-fixture.js';

/** A file in memory, which may have no room. */
class MemoryStore implements JournalStore {
  readonly name = 'store';
  room = Number.POSITIVE_INFINITY;
  /** Sizes at which all was said to be on the storage. */
  readonly syncs: number[] = [];

  constructor(public bytes = new Uint8Array(0)) {}

  get size(): number {
    return this.bytes.length;
  }
  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length));
  }
  write(offset: number, bytes: Uint8Array): void {
    if (offset + bytes.length > this.room) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    if (offset + bytes.length > this.bytes.length) this.truncate(offset + bytes.length);
    this.bytes.set(bytes, offset);
  }
  truncate(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, size));
    this.bytes = bytes;
  }
  sync(): void {
    this.syncs.push(this.size);
  }
  replace(write: (append: (bytes: Uint8Array) => void) => void): void {
    const pieces: Uint8Array[] = [];
    write((bytes) => pieces.push(bytes.slice()));
    this.bytes = new Uint8Array(Buffer.concat(pieces));
  }
  crc32(bytes: Uint8Array): number {
    return crc32(bytes);
  }
}

const APPLETS =
  'sh ls cat md5sum stat rm mkdir mv dd wc find sort ln chmod chown touch sync readlink sed mkfifo rmdir truncate cmp seq head'.split(
    ' ',
  );

class KeptNode {
  readonly node: TestNode;
  journal!: Journal;
  upper!: Tmpfs;

  constructor(
    busybox: string,
    readonly store: MemoryStore,
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
      this.journal = new Journal(store);
      this.upper = new Tmpfs(
        kernel.newDevice(),
        kernel.frames,
        { size: 1 << 26, mode: 0o755 },
        kernel.clock,
        this.journal,
      );
      this.journal.restore(this.upper);
      const lower = new Layerfs(kernel.newDevice(), kernel.frames, source, indexLayer(source));
      return new Overlayfs(kernel.newDevice(), kernel.setup, this.upper, [lower]);
    });
  }

  sh(command: string): string {
    const { output, errors } = this.node.run(['sh', '-c', command]);
    return output + errors;
  }

  end(): void {
    expect(this.journal.commit(true)).toBe(0);
  }
}

/** Everything that can be seen of the root but what is in memory filesystems. */
const LOOK =
  'cd /; find etc lower w -exec stat -c "%n %F %a %u %g %h %s %Y" {} + 2>/dev/null | sed "s/directory \\(.*\\) [0-9]* \\([0-9]*\\)$/directory \\1 \\2/" | sort; find w etc lower -type f -exec md5sum {} + | sort; readlink w/l';

describe('a root with its changes in a file', () => {
  test('has them again: files, names, owners, times, links, whiteouts, holes', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryStore());
    first.sh(`
      mkdir -p /w/d/e; cd /w; echo one > f; ln f g; ln -s ../x l; mkfifo q; chmod 4711 f; chown 12:34 g; touch -t 200001020304 d
      seq 1 50000 > large; dd if=large of=holes bs=1 seek=1000000 count=10 2>/dev/null; truncate -s 3000000 holes
      echo more >> /etc/motd; rm /etc/other; rm -r /lower; mkdir /lower; mv d/e moved; truncate -s 5000 large; seq 5 >> large`);
    const seen = first.sh(LOOK);
    expect(seen).toContain('w/holes');
    first.end();
    const second = new KeptNode(busybox, new MemoryStore(first.store.bytes));
    expect(second.sh(LOOK)).toBe(seen);
    expect(second.sh('ls /lower; cat /etc/other')).toMatch(/^cat: /);
    // what takes no room still takes none
    expect(Number(second.sh('stat -c %b /w/holes'))).toBeLessThan(40);
    second.sh('echo three > /w/third; rm /w/f /w/holes; mv /w/moved /w/again; echo x >> /w/large');
    const later = second.sh(LOOK);
    second.end();
    second.journal.compact(true);
    expect(second.sh(LOOK)).toBe(later);
    const third = new KeptNode(busybox, new MemoryStore(second.store.bytes));
    expect(third.sh(LOOK)).toBe(later);
  });

  test('a crash at any byte leaves the state of the last commit', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryStore());
    first.sh('mkdir /w; sync');
    const states = [first.sh('cat /w/* 2>/dev/null; ls /w')];
    const ends = [first.store.size];
    for (const i of [1, 2, 3]) {
      first.sh(
        `cd /w; echo ${i} > f${i}; seq ${i} 3000 > same; rm -f f${i - 1}; dd if=/dev/null of=same conv=notrunc,fsync 2>/dev/null`,
      );
      states.push(first.sh('cat /w/*; ls /w'));
      ends.push(first.store.size);
      expect(first.store.syncs.at(-1)).toBe(first.store.size);
    }
    const whole = first.store.bytes;
    for (let cut = ends[0]!; cut <= whole.length; cut += cut % 7 === 0 ? 4999 : 6007) {
      const reached = ends.filter((end) => end <= cut).length - 1;
      const after = new KeptNode(busybox, new MemoryStore(whole.slice(0, cut)));
      expect(after.sh('cat /w/* 2>/dev/null; ls /w')).toBe(states[reached]);
    }
    // a byte that has changed is no commit either, and the next node goes on from there
    const torn = whole.slice();
    torn[ends[2]! + 40]! ^= 1;
    const after = new KeptNode(busybox, new MemoryStore(torn));
    expect(after.sh('cat /w/*; ls /w')).toBe(states[2]);
    after.sh('echo new > /w/new; sync');
    expect(new KeptNode(busybox, new MemoryStore(after.store.bytes)).sh('cat /w/new; ls /w')).toMatch(/^new\n/);
  });

  test('a disk without room is an error of fsync, and nothing is lost when there is room again', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryStore());
    first.sh('mkdir /w; sync');
    first.store.room = first.store.size + 8192;
    expect(first.sh('cd /w; seq 1 20000 > f; dd if=/dev/null of=f conv=notrunc,fsync')).toContain('No space left');
    first.store.room = Number.POSITIVE_INFINITY;
    const sum = first.sh('md5sum /w/f; sync');
    expect(new KeptNode(busybox, new MemoryStore(first.store.bytes)).sh('md5sum /w/f')).toBe(sum);
  });

  test('memory is had back from what is kept', (context) => {
    const { busybox } = needs(context, 'busybox');
    const first = new KeptNode(busybox, new MemoryStore());
    const sum = first.sh('mkdir /w; dd if=/bin/busybox of=/w/a bs=65536 2>/dev/null; md5sum < /w/a');
    expect(first.upper.reclaim(() => true)).toBeGreaterThan(100);
    expect(first.sh('md5sum < /w/a')).toBe(sum);
  });

  test('what is written through a map after a commit is in the next one', (context) => {
    const { busybox } = needs(context, 'busybox');
    const binary = compiled(context);
    const first = new KeptNode(busybox, new MemoryStore());
    const root = first.upper.root.create(first.node.kernel.setup, 'm', { mode: 0o100755, uid: 0, gid: 0 });
    if (typeof root === 'number') throw new Error('no file');
    const { frames } = first.node.kernel;
    for (let at = 0; at < binary.length; at += 4096) {
      frames.bytes.set(binary.subarray(at, at + 4096), frames.hostAddress(root.cache!.get(at / 4096)));
      root.cache!.markDirty(at / 4096);
    }
    root.size = binary.length;
    expect(first.sh('mkdir /w; /m')).toBe('');
    first.end();
    expect(new KeptNode(busybox, new MemoryStore(first.store.bytes)).sh('cat /w/map | head -c 11')).toBe('AAAA msync ');
  });

  test('another file, and one that is damaged, are refused by name', (context) => {
    const { busybox } = needs(context, 'busybox');
    expect(() => new Journal(new MemoryStore(new Uint8Array(readFileSync(busybox))))).toThrow(InputError);
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
