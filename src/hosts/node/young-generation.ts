// V8's young generation kept at its smallest: its collections are what frees the buffers that nobody has any more, and a larger one leaves more of them.
// Of the process and its threads, from now on; V8 takes back its own growth whenever a thread begins, so it is called again after that.
import { setFlagsFromString } from 'node:v8';

export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
