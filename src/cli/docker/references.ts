// Names of images as a registry has them. Docker docs, "docker image tag"; distribution/reference.
import { InputError } from '../../base/errors.js';
import { familiarName, fullName, parseReference, type Reference, withTag } from '../../oci/reference.js';
import { Complaint } from './complaint.js';

/** Throws Complaint. */
export function referenceOf(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    if (error instanceof InputError) throw new Complaint('invalid reference format');
    throw error;
  }
}

export { fullName, withTag };

/** Without a tag, and without what is understood. */
export const familiarRepository = (name: string): string => familiarName(referenceOf(name));
