// Bandwidth and priority by group through Debian's tc: who has which class by a filter has its rate, in virtual time.
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missing, needs, root } from '../provisioned.js';
import { scratch } from '../scratch.js';
import { IPROUTE_LIBRARIES } from './debian/debian-kernel.js';
import { TestNode } from './node-fixture.js';

/** Two containers, a and b, on a bridge whose way out is `up`; `out` is where all go. */
const SCRIPT = `
mkdir -p /run; ip link set lo up
ip link add br0 type bridge; ip link set br0 up; ip addr add 10.0.0.254/24 dev br0
for name in a b out; do
  ip netns add $name
  ip link add up-$name type veth peer name eth0 netns $name
  ip link set up-$name master br0 up
  ip -n $name link set eth0 up
done
ip -n a addr add 10.0.0.1/24 dev eth0; ip -n b addr add 10.0.0.2/24 dev eth0; ip -n out addr add 10.0.0.3/24 dev eth0
tc qdisc add dev up-out root handle 1: htb
tc class add dev up-out parent 1: classid 1:1 htb rate 800kbit
tc class add dev up-out parent 1:1 classid 1:10 htb rate 200kbit ceil 200kbit burst 4k cburst 4k
tc class add dev up-out parent 1:1 classid 1:20 htb rate 400kbit ceil 400kbit burst 4k cburst 4k
measure() {
  ip netns exec out meter receive 2 1000 2000 > /tmp/met & receiver=$!
  sleep 0.1
  $1 & $2; wait $receiver; cat /tmp/met
}
echo containers, by their addresses
tc filter add dev up-out parent 1: protocol ip prio 1 u32 match ip src 10.0.0.1 flowid 1:10
tc filter add dev up-out parent 1: protocol ip prio 1 u32 match ip src 10.0.0.2 flowid 1:20
measure "ip netns exec a meter send 10.0.0.3 1000 3" "ip netns exec b meter send 10.0.0.3 2000 3"
echo programs, by the marks of their sockets
tc filter del dev up-out parent 1:
tc filter add dev up-out parent 1: protocol ip prio 1 handle 1 fw flowid 1:10
tc filter add dev up-out parent 1: protocol ip prio 1 handle 2 fw flowid 1:20
measure "meter send 10.0.0.3 1000 3 mark 1" "meter send 10.0.0.3 2000 3 mark 2"
echo programs, by the priorities of their sockets
tc filter del dev up-out parent 1:
measure "meter send 10.0.0.3 1000 3 priority 0x10010" "meter send 10.0.0.3 2000 3 priority 0x10020"
echo priority, where there is not enough for both
tc qdisc replace dev up-out root handle 2: tbf rate 800kbit burst 4k limit 20000
tc qdisc add dev up-out parent 2:1 handle 3: prio
measure "meter send 10.0.0.3 1000 3 priority 6" "meter send 10.0.0.3 2000 3"
`;

test('containers and programs have the bandwidth of their classes within 10 %', (context) => {
  const { debian } = needs(context, 'debian');
  const meter = join(scratch(), 'meter');
  try {
    const source = join(root, 'test/kernel/debian/programs/meter.c');
    execFileSync('gcc', ['-m32', '-O1', '-w', '-static', '-o', meter, source], { stdio: 'pipe' });
  } catch {
    missing(context, 'gcc -m32 -static does not work here: run scripts/provision');
  }
  const node = new TestNode();
  const put = (to: string, from: string): void => node.file(to, readFileSync(realpathSync(from)));
  put('/bin/meter', meter);
  for (const path of ['bin/dash', 'bin/cat', 'bin/mkdir', 'bin/sleep', 'bin/ip', 'sbin/tc'])
    put(`/bin/${path.slice(path.lastIndexOf('/') + 1)}`, join(debian, path));
  put('/lib/ld-linux.so.2', join(debian, 'lib/ld-linux.so.2'));
  for (const name of [...IPROUTE_LIBRARIES, 'libselinux.so.1', 'libpcre2-8.so.0'])
    put(`/lib/${name}`, join(debian, 'lib/i386-linux-gnu', name));
  const ended = node.run(['/bin/dash', '-c', SCRIPT]);
  expect([ended.errors, ended.status]).toEqual(['', 0]);
  const near = (bytes: number): unknown =>
    expect.toSatisfy((rate: number) => rate > 0.9 * bytes && rate < 1.1 * bytes, `within 10 % of ${bytes}`);
  const rates = [...ended.output.matchAll(/^[12]000 (\d+)$/gm)].map(([, rate]) => Number(rate));
  const classes = [near(25_000), near(50_000)];
  // who goes first has all, and the other one next to nothing
  const [first, second] = rates.splice(6);
  expect(rates).toEqual([...classes, ...classes, ...classes]);
  expect(first).toEqual(near(100_000));
  expect(second).toBeLessThan(10_000);
});
