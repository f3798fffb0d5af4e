// /proc/cpuinfo: what CPUID says, in Linux's words. SDM vol. 2 CPUID; Linux arch/x86/kernel/cpu/proc.c, asm/cpufeatures.h.
import type { Processor } from '../../task/processor.js';
import { ofSystem } from './subject.js';

/** Names of the bits of leaf 1 EDX, leaf 1 ECX, leaf 80000001h EDX and ECX and 80000007h EDX that programs look for. */
const BITS: readonly (readonly [leaf: number, register: 'ecx' | 'edx', names: Record<number, string>])[] = [
  [
    1,
    'edx',
    {
      0: 'fpu',
      1: 'vme',
      2: 'de',
      3: 'pse',
      4: 'tsc',
      5: 'msr',
      6: 'pae',
      7: 'mce',
      8: 'cx8',
      9: 'apic',
      11: 'sep',
      12: 'mtrr',
      13: 'pge',
      14: 'mca',
      15: 'cmov',
      16: 'pat',
      17: 'pse36',
      19: 'clflush',
      23: 'mmx',
      24: 'fxsr',
      25: 'sse',
      26: 'sse2',
      27: 'ss',
      28: 'ht',
    },
  ],
  [0x80000001, 'edx', { 11: 'syscall', 20: 'nx', 27: 'rdtscp', 29: 'lm' }],
  [0x80000007, 'edx', { 8: 'constant_tsc nonstop_tsc' }],
  [
    1,
    'ecx',
    {
      0: 'pni',
      1: 'pclmulqdq',
      9: 'ssse3',
      12: 'fma',
      13: 'cx16',
      19: 'sse4_1',
      20: 'sse4_2',
      22: 'movbe',
      23: 'popcnt',
      25: 'aes',
      26: 'xsave',
      28: 'avx',
      30: 'rdrand',
      31: 'hypervisor',
    },
  ],
  [0x80000001, 'ecx', { 0: 'lahf_lm', 5: 'abm' }],
];

const MEGAHERTZ = 1e6;

function textOf(words: readonly number[]): string {
  let text = '';
  for (const word of words) for (let i = 0; i < 4; i++) text += String.fromCharCode((word >>> (8 * i)) & 0xff);
  return text.replaceAll('\0', '').trim();
}

/** Numbers of the processor's kind, as the signature in leaf 1 EAX has them. */
function kindOf(signature: number): { family: number; model: number; stepping: number } {
  const family = (signature >>> 8) & 15;
  const model = (signature >>> 4) & 15;
  return {
    family: family === 15 ? family + ((signature >>> 20) & 0xff) : family,
    model: family === 6 || family === 15 ? model + ((signature >>> 12) & 0xf0) : model,
    stepping: signature & 15,
  };
}

export function cpuinfoOf(cpu: Processor): string {
  const head = cpu.identify(0);
  const first = cpu.identify(1);
  const { family, model, stepping } = kindOf(first.eax);
  const brand = [0x80000002, 0x80000003, 0x80000004].map((leaf) => cpu.identify(leaf));
  const clock = cpu.identify(0x15);
  const hertz = clock.eax === 0 ? 0 : (clock.ecx * clock.ebx) / clock.eax;
  const flags = BITS.flatMap(([leaf, register, names]) => {
    const value = cpu.identify(leaf)[register];
    return Object.entries(names)
      .filter(([bit]) => ((value >>> Number(bit)) & 1) !== 0)
      .map(([, name]) => name);
  });
  const sizes = cpu.identify(0x80000008).eax;
  const cache = cpu.identify(0x80000006).ecx >>> 16;
  const line = ((first.ebx >>> 8) & 0xff) * 8;
  const rows: [string, string | number][] = [
    ['processor', 0],
    ['vendor_id', textOf([head.ebx, head.edx, head.ecx])],
    ['cpu family', family],
    ['model', model],
    ['model name', textOf(brand.flatMap(({ eax, ebx, ecx, edx }) => [eax, ebx, ecx, edx]))],
    ['stepping', stepping],
    ['cpu MHz', (hertz / MEGAHERTZ).toFixed(3)],
    ['cache size', `${cache} KB`],
    ['physical id', 0],
    ['siblings', 1],
    ['core id', 0],
    ['cpu cores', 1],
    ['apicid', 0],
    ['initial apicid', 0],
    ['fpu', 'yes'],
    ['fpu_exception', 'yes'],
    ['cpuid level', head.eax],
    ['wp', 'yes'],
    ['flags', flags.join(' ')],
    ['bugs', ''],
    ['bogomips', ((2 * hertz) / MEGAHERTZ).toFixed(2)],
    ['clflush size', line],
    ['cache_alignment', line],
    ['address sizes', `${sizes & 0xff} bits physical, ${(sizes >>> 8) & 0xff} bits virtual`],
    ['power management', ''],
  ];
  // names take two tabs' room, long ones what they need
  const shown = rows.map(([name, value]) =>
    `${name}${name.length < 8 ? '\t\t' : name.length < 16 ? '\t' : ''}: ${value}`.trimEnd(),
  );
  return `${shown.join('\n')}\n\n`;
}

export const cpuinfo = ofSystem((kernel) => cpuinfoOf(kernel.cpu));
