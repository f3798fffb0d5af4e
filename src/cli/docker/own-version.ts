// This package's version.
import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../../hosts/node/package-root.js';

export const ownVersion = (): string => JSON.parse(readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8')).version;
