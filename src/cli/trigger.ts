// Something that is done once, when a text has come out of the guest.
// Ours.
import { TextWatch } from '../library/text-watch.js';

export class Trigger {
  found = false;
  private readonly watch: TextWatch;

  constructor(
    private readonly text: string,
    private readonly act: () => void,
  ) {
    this.watch = new TextWatch(text);
  }

  readonly see = (byte: number): void => {
    if (!this.watch.see(byte) || this.found) return;
    this.found = true;
    this.act();
  };

  /** Looks for the same in other output; whichever comes first acts. */
  twin(): Pick<Trigger, 'see'> {
    const watch = new TextWatch(this.text);
    return {
      see: (byte) => {
        if (!watch.see(byte) || this.found) return;
        this.found = true;
        this.act();
      },
    };
  }
}
