// What the processor, the hypervisor, the disk and the network card say of themselves.
// Intel SDM vol. 2A CPUID; Linux Documentation/virt/kvm/x86/cpuid.rst (leaf 0x40000000).
#include "identity.h"
#include "block.h"
#include "clock.h"
#include "cpu.h"
#include "exception.h"
#include "frames.h"
#include "memory.h"
#include "net.h"
#include "print.h"

#define LEAF_HYPERVISOR 0x40000000u
#define LEAF_EXTENDED 0x80000000u
#define LEAF_BRAND 0x80000002u
#define ECX_HYPERVISOR (1u << 31)

static const char *const features_edx[32] = {
    "fpu", "vme", "de",   "pse", "tsc", "msr",  "pae", "mce", "cx8",  "apic", 0,      "sep", "mtrr", "pge", "mca", "cmov",
    "pat", "pse36", "psn", "clfsh", 0,  "ds",   "acpi", "mmx", "fxsr", "sse",  "sse2", "ss",  "htt",  "tm",  0,     "pbe",
};
static const char *const features_ecx[32] = {
    "sse3",   "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx",    "smx",  "est",   "tm2",   "ssse3", "cid",
    0,        "fma",       "cx16",   "xtpr",    "pdcm",   0,        "pcid", "dca",   "sse41", "sse42", "x2apic",
    "movbe",  "popcnt",    "tscd",   "aes",     "xsave",  "osxsave", "avx", "f16c",  "rdrand", "hypervisor",
};

static void vendor_of(char text[13]) {
  struct cpuid leaf = cpuid(0);
  memcpy(text, &leaf.ebx, 4);
  memcpy(text + 4, &leaf.edx, 4);
  memcpy(text + 8, &leaf.ecx, 4);
  text[12] = 0;
}

static void print_features(uint32_t bits, const char *const *names) {
  for (uint32_t i = 0; i < 32; i++)
    if (bits >> i & 1 && names[i]) print(" %s", names[i]);
}

static void print_family(uint32_t signature) {
  print("family %u model %u stepping %u", signature >> 8 & 0xF, signature >> 4 & 0xF, signature & 0xF);
}

void print_cpu(void) {
  char text[49];
  vendor_of(text);
  struct cpuid leaf = cpuid(1);
  print("%s ", text);
  print_family(leaf.eax);
  print("\n");
  if (cpuid(LEAF_EXTENDED).eax >= LEAF_BRAND + 2 && cpuid(LEAF_EXTENDED).eax < LEAF_EXTENDED + 0x10000) {
    for (uint32_t i = 0; i < 3; i++) {
      struct cpuid brand = cpuid(LEAF_BRAND + i);
      memcpy(text + 16 * i, &brand, 16);
    }
    text[48] = 0;
    print("brand: %s\n", text);
  }
  print("features:");
  print_features(leaf.edx, features_edx);
  print_features(leaf.ecx, features_ecx);
  print("\n");
  if (!(leaf.ecx & ECX_HYPERVISOR)) {
    print("hypervisor: none announced\n");
    return;
  }
  struct cpuid hypervisor = cpuid(LEAF_HYPERVISOR);
  memcpy(text, &hypervisor.ebx, 12);
  text[12] = 0;
  print("hypervisor: %s, leaves to %08x\n", text, hypervisor.eax);
}

void print_registers(void) {
  uint32_t esp, tr, segments[6];
  struct table_pointer gdt, idt;
  __asm__ volatile("movl %%esp, %0" : "=r"(esp));
  __asm__ volatile("sgdt %0" : "=m"(gdt));
  __asm__ volatile("sidt %0" : "=m"(idt));
  __asm__ volatile("str %0" : "=r"(tr));
  __asm__ volatile("movl %%cs, %0" : "=r"(segments[0]));
  __asm__ volatile("movl %%ss, %0" : "=r"(segments[1]));
  __asm__ volatile("movl %%ds, %0" : "=r"(segments[2]));
  __asm__ volatile("movl %%es, %0" : "=r"(segments[3]));
  __asm__ volatile("movl %%fs, %0" : "=r"(segments[4]));
  __asm__ volatile("movl %%gs, %0" : "=r"(segments[5]));
  print_control_registers();
  print("cs=%04x ss=%04x ds=%04x es=%04x fs=%04x gs=%04x tr=%04x\n", segments[0], segments[1], segments[2],
        segments[3], segments[4], segments[5], tr & 0xFFFF);
  print("gdt=%08x/%04x idt=%08x/%04x esp=%08x eflags=%08x\n", gdt.base, gdt.limit, idt.base, idt.limit, esp,
        read_eflags());
}

void print_disk(void) {
  const struct ide_disk *disk = ide_disk();
  if (!block_kind()) {
    print("no disk\n");
    return;
  }
  if (!disk->present) {
    print("%s, %u sectors, %u KiB\n", block_kind(), block_sectors(), block_sectors() / 2);
    return;
  }
  print("%s, %u sectors, %u KiB, %s\n", disk->model, disk->sectors, disk->sectors / 2, disk->dma ? "DMA" : "PIO only");
}

void print_network(void) {
  const struct net_card *card = net_card();
  if (!card) {
    print("no network\n");
    return;
  }
  print("%s", card->name);
  for (uint32_t i = 0; i < 6; i++) print("%c%02x", i ? ':' : ' ', card->address[i]);
  print("\n");
}

void print_banner(void) {
  char vendor[13];
  vendor_of(vendor);
  print("tabvisor guest: %s ", vendor);
  print_family(cpuid(1).eax);
  print(", %u KiB, timer %u Hz, disk: ", frames_end() / 1024, CLOCK_HZ);
  print_disk();
  if (!net_card()) return;
  print("network: ");
  print_network();
}
