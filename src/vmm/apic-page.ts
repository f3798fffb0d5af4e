// The local APIC's registers as a page that the processor reads without an exit, and some of which it also writes so.
// SDM vol. 3C 29.1 (virtual-APIC page, TPR threshold), 29.4.3.2 (writes without an exit), vol. 3A table 10-1 (offsets); KVM's update_cr8_intercept for the threshold.

/** The local APIC, as far as the page goes. */
export interface MirroredApic {
  /** Another number after each change that a guest can see. */
  readonly revision: number;
  /** All registers, each at its offset: `words[offset / 4]`. */
  mirror(words: Uint32Array): void;
  /** The other way: registers that are written there without an exit. */
  takeBack(words: Uint32Array): void;
  /** Priority class below which the guest's own must not fall unseen; 0: nothing waits for that. */
  readonly threshold: number;
}

export class ApicPage {
  private shown = -1;

  /** `words`: the page. */
  constructor(
    private readonly apic: MirroredApic,
    readonly words: Uint32Array,
    private readonly setThreshold: (priorityClass: number) => void,
  ) {}

  /** The page, or the field with the threshold, is not what was last written. */
  forget(): void {
    this.shown = -1;
  }

  /** Before the guest runs. */
  publish(): void {
    const { apic } = this;
    if (this.shown === apic.revision) return;
    this.shown = apic.revision;
    apic.mirror(this.words);
    this.setThreshold(apic.threshold);
  }

  /** After it has run. */
  collect(): void {
    this.apic.takeBack(this.words);
  }
}
