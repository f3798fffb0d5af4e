// Handlers of which all is known that they do to general registers and flags: translated code calls them without bringing the
// rest of its state to memory. Ours; test/cpu/effects.test.ts holds each of them to what is said here.
//
// A listed handler is one that ends with the next micro-op, a fault, or an exit in front of or behind its instruction; what it
// does to memory, x87, MMX and SSE state is its own affair. Registers that the micro-op names (its operands and those of its
// address) are known without being named here: all are read, the first operand is written unless the row says `ro`.

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const mask = (names) => names.reduce((bits, name) => bits | (1 << REGISTERS.indexOf(name)), 0);

/**
 * [names, {reads, writes: registers beside the operands, what is written counts as read; flags: 'reads', 'writes' (all six, reading
 * none) or 'changes'; charges: it takes more than its own instruction off the budget; vectors: it writes XMM registers beside the operands}]
 */
export const EFFECTS = [
  [/^(special:EA|special:EA16|special:PRIVILEGED)$/, {}],
  [/^(div|idiv)8$/, { writes: ['eax'] }],
  [/^(div|idiv)(16|32)$/, { writes: ['eax', 'edx'] }],
  [/^(mul|imul)8$/, { writes: ['eax'], flags: 'writes' }],
  [/^(mul|imul)16$/, { writes: ['eax', 'edx'], flags: 'writes' }],
  [/^(cbw16|xlat)$/, { reads: ['ebx'], writes: ['eax'] }],
  [/^cwd16$/, { reads: ['eax'], writes: ['edx'] }],
  [/^movs(8|16|32)$/, { writes: ['ecx', 'esi', 'edi'], charges: true }],
  [/^stos(8|16|32)$/, { reads: ['eax'], writes: ['ecx', 'edi'], charges: true }],
  [/^lods(8|16|32)$/, { writes: ['eax', 'ecx', 'esi'], charges: true }],
  [/^scas(8|16|32)$/, { reads: ['eax'], writes: ['ecx', 'edi'], flags: 'changes', charges: true }],
  [/^cmps(8|16|32)$/, { writes: ['ecx', 'esi', 'edi'], flags: 'changes', charges: true }],
  [/^cmov\w+16$/, { flags: 'reads' }],
  [/^(shl|shr|sar|rol|ror|rcl|rcr)Imm(8|16|32)$/, { flags: 'changes' }],
  [/^(shl|shr|sar|rol|ror|rcl|rcr)Cl(8|16|32)$/, { reads: ['ecx'], flags: 'changes' }],
  [/^(shld|shrd)Imm(16|32)$/, { flags: 'changes' }],
  [/^(shld|shrd)Cl(16|32)$/, { reads: ['ecx'], flags: 'changes' }],
  [/^(bt|bts|btr|btc)(String|Imm)?(16|32)$/, { flags: 'changes' }],
  [/^(bsf|bsr)(16|32)$/, { flags: 'writes' }],
  [/^bswap(16|32)$/, {}],
  [/^(lahf)$/, { writes: ['eax'], flags: 'reads' }],
  [/^(sahf)$/, { reads: ['eax'], flags: 'changes' }],
  [/^(clc|stc|cmc)$/, { flags: 'changes' }],
  [/^(cld|std|cli|hint|fence|clflush)$/, {}],
  [/^(popMemory(16|32)|push16_[rmi]|pop16_r|push(Es|Cs|Ss|Ds|Fs|Gs)(16|32))$/, { writes: ['esp'] }],
  [/^pop(Es|Ss|Ds|Fs|Gs)(16|32)$/, { writes: ['esp'] }],
  [/^(movToSegment|sti|clts)$/, {}],
  [/^pushf(16|32)$/, { writes: ['esp'], flags: 'reads' }],
  [/^popf(16|32)$/, { writes: ['esp'], flags: 'changes' }],
  [/^(leave16|enter16|enter32)$/, { writes: ['esp', 'ebp'] }],
  [/^pusha(16|32)$/, { reads: REGISTERS, writes: ['esp'] }],
  [/^(movFromSegment16|movFromSegment32|movFromControl)$/, {}],
  [/^rdtsc$/, { writes: ['eax', 'edx'] }],
  [/^cpuid$/, { writes: ['eax', 'ecx', 'edx', 'ebx'] }],
  [/^cmpxchg8b$/, { reads: ['ecx', 'ebx'], writes: ['eax', 'edx'], flags: 'changes' }],
  // x87, MMX, SSE: their own registers, and
  [/^fnstswAx$/, { writes: ['eax'] }],
  [/^fcmov\w+$/, { flags: 'reads' }],
  [/^fu?comip?$/, { flags: 'changes' }],
  [/^fxrstor$/, { vectors: true }],
  [
    /^f(abs|bld|bstp|chs|free|freep|nop|tst|wait|xam|xch|xsave|xtract|scale|sqrt|rndint|prem1?|patan|ptan|cos|sin|sincos)$/,
    {},
  ],
  [/^f(add|sub|subr|mul|div|divr|iadd|imul|isub|isubr|idiv|idivr)(p|St|Sti|M16|M32|M64)$/, {}],
  [/^f(u?com(p|pp)?|i?com(p)?M\d\d)$/, {}],
  [/^f(ld|st|stp|ild|ist|istp|isttp)(St|M16|M32|M64|M80)$/, {}],
  [
    /^f(ld1|ldl2t|ldl2e|ldpi|ldlg2|ldln2|ldz|2xm1|yl2x|yl2xp1|stpnce|ldcw|nstcw|nstswM16|nclex|ninit|decstp|incstp)$/,
    {},
  ],
  [/^f(ldenv|nstenv|rstor|nsave)(16|32)$/, {}],
  [/^p\w+(64|128)$|^(pshufw|emms|ldmxcsr|stmxcsr|movnti)$/, {}],
  [/^(rsqrt|rcp)(ps|ss)$|^(hadd|hsub|addsub)p[sd]$|^cvt\w+$/, {}],
  [/^mov(dToMmx|dFromMmx|qLoad64|qStore64|dq2q|q2dq)$/, {}],
  [/^maskmov(q|dqu)$/, { reads: ['edi'] }],
];

const WRITES = 1 << 16;
const READS_FLAGS = 1 << 24;
const WRITES_FLAGS = 1 << 25;
const WRITES_RM = 1 << 26;
const WRITES_REG = 1 << 27;
const CHARGES = 1 << 28;
const WRITES_XMM = 1 << 29;

/** The effects of `name`, undefined when they are not known. */
export function effectsOf(name) {
  return EFFECTS.find(([names]) => names.test(name))?.[1];
}

/** The same as the upper bits of a form word: registers touched << 8, written << 16, then flags, operands, budget. */
export function effectsWord(name, rows) {
  const effects = effectsOf(name);
  if (!effects) return undefined;
  const { reads = [], writes = [], flags = '', charges = false, vectors = false } = effects;
  let word = (mask([...reads, ...writes]) << 8) | (mask(writes) * WRITES);
  if (flags === 'reads' || flags === 'changes') word |= READS_FLAGS;
  if (flags === 'writes' || flags === 'changes') word |= WRITES_FLAGS;
  if (charges) word |= CHARGES;
  if (vectors) word |= WRITES_XMM;
  for (const [, , operands, attributes = ''] of rows) {
    const first = operands.split(',')[0];
    if (/^[ERZ]|^AL$|^eAX$/.test(first) && !attributes.split(' ').includes('ro')) word |= WRITES_RM;
    if (first.startsWith('G')) word |= WRITES_REG;
    if (/^[VU]/.test(first)) word |= WRITES_XMM;
  }
  return word;
}
