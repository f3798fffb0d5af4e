// Requests for filters of any bytes, and packets of any bytes held against what came of them: nothing is thrown, and all of it is bounded.
import { expect, test } from 'vitest';
import * as rt from '../../src/kernel/abi/rtnetlink.js';
import { Body, makeMessage, readMessages, type Request } from '../../src/kernel/net/netlink/message.js';
import { changeClass } from '../../src/kernel/net/netlink/route-class.js';
import { changeFilter, getFilter, getFilters, removeFilter } from '../../src/kernel/net/netlink/route-filter.js';
import { changeQdisc } from '../../src/kernel/net/netlink/route-qdisc.js';
import { isSocketFilter, runSocketFilter } from '../../src/kernel/net/packet/socket-filter.js';
import type { Instruction } from '../../src/kernel/security/bpf.js';
import { TestNode } from './node-fixture.js';

let seed = 1;
const any = (count: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 65536) % count);
};
const pick = <T>(values: readonly T[]): T => values[any(values.length)]!;
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => (any(2) === 0 ? any(4) : any(256)));

const LOOPBACK = 1;
const MAJOR = 0x10000;
function request(
  type: number,
  flags: number,
  handle: number,
  parent: number,
  information: number,
  body: Body,
): Request {
  const fixed = new Body().u8(0, 0).u16(0).u32(LOOPBACK, handle, parent, information).raw(body.taken);
  return readMessages(makeMessage(type, flags, 1, 0, fixed.taken))[0]!;
}

/** Attributes of any kind, as long as those of filters are, or not. */
function options(): Body {
  const body = new Body();
  for (let i = any(6); i > 0; i--) {
    const type = any(3) === 0 ? any(100) : any(12);
    if (type === rt.TCA_U32_SEL && any(2) === 0) {
      const count = any(4);
      const selector = bytes(16 + 16 * count);
      selector[2] = any(8) === 0 ? any(256) : count;
      body.attribute(type, selector);
    } else if (any(2) === 0)
      body.attribute32(type, pick([any(4), MAJOR | any(4), 0x80000000, 0x00200000, any(2 ** 32)]));
    else body.attribute(type, bytes(any(24)));
  }
  return body;
}

test.for(['htb', 'prio'])('filters of %s', (discipline) => {
  const { netNamespace: namespace } = new TestNode().kernel;
  const init = new Body().attribute(rt.TCA_HTB_INIT, new Body().u32(3, 10, 1, 0, 0).taken);
  const prio = new Body().u32(3).u8(...Array.from({ length: 16 }, (_, i) => i % 3));
  const made = new Body().attributeText(rt.TCA_KIND, discipline);
  made.attribute(rt.TCA_OPTIONS, (discipline === 'htb' ? init : prio).taken);
  const create = rt.NLM_F_CREATE | rt.NLM_F_EXCL;
  expect(changeQdisc(namespace, request(rt.RTM_NEWQDISC, create, MAJOR, rt.TC_H_ROOT, 0, made))).toBe(0);
  if (discipline === 'htb')
    for (const minor of [1, 2]) {
      const rate = [0, 1, 0, 0, 0, 0, 0, 0, 0x40, 0x42, 0x0f, 0];
      const parameters = new Body().u8(...rate, ...rate).u32(1000, 1000, 0, 0, 0);
      const body = new Body().attributeText(rt.TCA_KIND, 'htb');
      body.attribute(rt.TCA_OPTIONS, new Body().attribute(rt.TCA_HTB_PARMS, parameters.taken).taken);
      expect(changeClass(namespace, request(rt.RTM_NEWTCLASS, create, MAJOR | minor, MAJOR, 0, body))).toBe(0);
    }
  const { root } = namespace.loopback.traffic;
  let [accepted, chosen] = [0, 0];
  for (let i = 0; i < 6000; i++) {
    const body = new Body();
    if (any(8) > 0) body.attributeText(rt.TCA_KIND, pick(['u32', 'fw', 'matchall', 'flower', 'u32', 'none']));
    if (any(8) > 0) body.attribute(rt.TCA_OPTIONS, options().taken);
    if (any(8) === 0) body.attribute32(rt.TCA_CHAIN, any(3));
    const handle = pick([0, 0, 1, 7, 0x80000800, 0x80000000, 0x80100000, 0x200000, any(2 ** 32)]);
    const information = (any(5) << 16) | pick([0x0300, 0x0008, 0xdd86, any(65536)]);
    const asked = request(
      rt.RTM_NEWTFILTER,
      pick([create, rt.NLM_F_CREATE, 0]),
      handle,
      pick([MAJOR, MAJOR, 0, MAJOR + 1, any(2 ** 32)]),
      information,
      body,
    );
    const act = pick([changeFilter, changeFilter, changeFilter, removeFilter, getFilter, getFilters]);
    if (act(namespace, asked) === 0) accepted++;
    const frame = bytes(any(80));
    if (
      root!.filters!.classify(
        { size: 100, load: 0, protocol: pick([0x800, 0x86dd]), mark: any(9), bytes: () => frame },
        MAJOR,
      ) !== undefined
    )
      chosen++;
  }
  expect(accepted).toBeGreaterThan(70);
  expect(chosen).toBeGreaterThan(30);
  // what there is too much of is refused
  const matchall = (priority: number): unknown => {
    const body = new Body().attributeText(rt.TCA_KIND, 'matchall').attribute(rt.TCA_OPTIONS, new Uint8Array(0));
    return changeFilter(namespace, request(rt.RTM_NEWTFILTER, create, 0, MAJOR, (priority << 16) | 0x0300, body));
  };
  let more = 0;
  while (more < 5000 && matchall(++more + 100) === 0);
  expect(more).toBeLessThan(600);
});

test('programs of any instructions are refused, or end', () => {
  const codes = [
    0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1, 0x80, 0x81, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x05, 0x84,
    0x06, 0x16,
  ];
  codes.push(0x04, 0x14, 0x24, 0x34, 0x94, 0x3c, 0x9c, 0x74, 0x7c, 0x15, 0x1d, 0x25, 0x35, 0x45);
  let run = 0;
  for (let i = 0; i < 20_000; i++) {
    const program = Array.from({ length: 1 + any(8) }, (): Instruction => {
      const k = pick([0, 1, 4, 14, any(2 ** 32), 0xfffff000 + 4 * any(16), 0xfff00000 + any(40), 0xffe00000 + any(40)]);
      return { code: any(20) === 0 ? any(256) : pick(codes), jt: any(3), jf: any(3), k };
    });
    program.push({ code: pick([0x06, 0x16]), jt: 0, jf: 0, k: any(100) });
    if (!isSocketFilter(program)) continue;
    run++;
    const data = {
      bytes: bytes(any(80)),
      start: pick([0, 14, 34]),
      network: 14,
      protocol: 0x800,
      kind: 0,
      interface: 1,
      hardware: 1,
      mark: 0,
    };
    const answer = runSocketFilter(program, data);
    expect(answer >= 0 && answer < 2 ** 32 && Number.isInteger(answer), JSON.stringify(program)).toBe(true);
  }
  expect(run).toBeGreaterThan(1000);
});
