// The name of the file that a machine on the network is told to boot, as DHCP hands it out.
// Source: RFC 2131, section 2 (the field `file`), RFC 2132, section 9.5 (option 67).
import { InputError } from '../base/errors.js';

/** Characters of the field, without the zero behind them. */
export const BOOT_FILE_MAX = 127;

/** `what` names the setting in messages. Throws InputError. */
export function checkBootFile(name: string, what: string): string {
  if (name === '' || name.length > BOOT_FILE_MAX)
    throw new InputError(`${what}: ${name.length} characters; a boot file's name has 1 to ${BOOT_FILE_MAX}`);
  if (!/^[!-~]+$/.test(name))
    throw new InputError(
      `${what}: ${name}: not all of it is printable ASCII`,
      'Write what is not as %20 and the like.',
    );
  return name;
}
