// Names of images as a registry has them. Docker docs, "docker image tag"; distribution/reference.
import { InputError } from '../../base/errors.js';
import { familiarName, fullName, parseReference, type Reference, withTag } from '../../oci/reference.js';
import { Complaint } from './complaint.js';

/** Throws Complaint. */
export function referenceOf(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new Complaint(`invalid reference format${upperCase(name)}`);
  }
}

export { fullName, withTag };

/** Without a tag, and without what is understood. */
export const familiarRepository = (name: string): string => familiarName(referenceOf(name));

/** What is wrong with a name that is one but for its capitals. */
function upperCase(name: string): string {
  if (name === name.toLowerCase()) return '';
  try {
    const { domain, path } = parseReference(name.toLowerCase());
    const shown = name.slice(name.toLowerCase().indexOf(path.replace(/^library\//, ''))).replace(/[:@].*$/, '');
    return `: repository name (${domain === 'docker.io' && !name.includes('/') ? 'library/' : ''}${shown}) must be lowercase`;
  } catch {
    return '';
  }
}
