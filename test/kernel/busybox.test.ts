// Debian's static busybox as processes of our kernel: what a shell does all day. Oracle: the same commands on the host's Linux.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { needs, provisioned } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { TestNode } from './node-fixture.js';

const COMMANDS = [
  'echo hi; echo err >&2; exit 3',
  'seq 1 500 | sort -rn | head -3; seq 1 500 | md5sum',
  'echo one > a; cat a; ln -s a b; cat b; mv a c; cat b 2>/dev/null; echo $?; rm b c; ls',
  'mkdir -p d/e/f; touch d/x d/e/y; find d | sort; rm -r d; ls | wc -l',
  'for i in 1 2 3; do (exit $i); echo $?; done; false || echo or; true && echo and',
  'i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; echo $i',
  'trap "echo caught" USR1; kill -USR1 $$; echo after',
  '(sleep 100 & echo $! > p; wait) & sleep 0.2; kill $(cat p); wait; echo done',
  'sh -c "kill -TERM \\$\\$"; echo $?; sh -c "kill -SEGV \\$\\$" 2>/dev/null; echo $?',
  'printf "b\\na\\nc\\n" > l; sort l; sed -n 2p l; awk "{ n += NR } END { print n }" l; grep -c . l; tr a-z A-Z < l; rm l',
  'dd if=/dev/zero of=z bs=4096 count=50 2>/dev/null; wc -c < z; sha256sum < z; dd if=z bs=1000 skip=1 count=2 2>/dev/null | wc -c; rm z',
  'mkdir t; echo data > t/f; chmod 640 t/f; tar -cf t.tar t; rm -r t; tar -xf t.tar; cat t/f; ls -l t/f | cut -c1-10; rm -r t t.tar',
  'seq 1 1000 | gzip | gunzip | md5sum',
  'mkfifo q; (echo through > q) & cat q; wait; rm q',
  'umask 077; touch m; ls -l m | cut -c1-10; rm m; umask 022; echo x >> n; echo y >> n; cat n; rm n',
  'cd /tmp; pwd; cd ..; pwd; cd /nowhere 2>/dev/null; echo $?',
  'echo "exec went on" > s; chmod +x s; printf "#!/bin/sh\\necho script \\$1 \\$0\\n" > s; ./s arg | sed "s#/.*/##"; rm s',
  'cat /dev/null; head -c 5 /dev/zero | wc -c; echo gone > /dev/null; echo x > /dev/full; echo $?',
  'yes | head -n 1000 | wc -l',
  'echo in | cat /dev/stdin; (echo out > /dev/stdout) | cat; (echo err > /dev/stderr) 2>&1 | cat; echo x > w; exec 4< w; rm w; cat /dev/fd/4',
  'cat /proc/$$/comm; tr "\\0" " " < /proc/self/cmdline; ls /proc/self/task | wc -l; readlink /proc/self/fd/9 || echo none',
  'sleep 100 & sleep 0.1; cat /proc/$!/comm; cut -d" " -f3 /proc/$!/stat; kill $!; wait; ls -d /proc/$! 2>/dev/null; echo $?',
  'dd if=/dev/zero of=z bs=65536 count=5 2>/dev/null; cat z | wc -c; cat z | (sleep 0.1; wc -c); rm z',
  'exec 3> three; echo to three >&3; exec 3>&-; cat three; rm three',
] as const;

describe.each([true, false])('static busybox, translated: %s', (translated) => {
  let node: TestNode | undefined;

  beforeAll(() => {
    const busybox = provisioned('busybox');
    if (busybox === undefined) return;
    node = new TestNode(translated);
    node.file('/bin/busybox', readFileSync(busybox));
    for (const name of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n'))
      if (name !== 'busybox') node.link('busybox', `/bin/${name}`);
    node.directory('/work');
  });

  test.for(COMMANDS)('%s', (command, context) => {
    const { busybox } = needs(context, 'busybox');
    const quoted = command.replaceAll("'", "'\\''");
    const script = `sh -c '${quoted}'; echo status $?`;
    const here = node!.run(['sh', '-c', `cd /work; ${script}`]);
    const folder = scratch();
    const native = spawnSync(busybox, ['sh', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: '/nowhere' },
    });
    expect(here.output).toBe(native.stdout.replaceAll(folder, '/work'));
  });
});
