// What a program of an image runs with: docker run's rules of what overrides what.
import { expect, test } from 'vitest';
import type { ContainerDefaults } from '../oci/config.js';
import { withDefaults } from './kernel-image.js';

const IMAGE: ContainerDefaults = {
  user: 'www-data',
  env: ['PATH=/opt', 'A=1', 'ODD'],
  entrypoint: ['/entry'],
  cmd: ['serve', '-v'],
  workingDir: '/srv',
  exposedPorts: [],
  volumes: [],
  labels: new Map(),
  onBuild: [],
};
const argsOf = (given: string[], options = {}, image = IMAGE) => withDefaults(image, given, options).args;

test('Entrypoint and Cmd; what is given takes the place of Cmd, another entrypoint of both', () => {
  expect(argsOf([])).toEqual(['/entry', 'serve', '-v']);
  expect(argsOf(['test'])).toEqual(['/entry', 'test']);
  expect(argsOf([], { entrypoint: 'sh' })).toEqual(['sh']);
  expect(argsOf(['-c', 'x'], { entrypoint: 'sh' })).toEqual(['sh', '-c', 'x']);
  expect(argsOf(['ls'], { entrypoint: '' })).toEqual(['ls']);
  expect(argsOf([], {}, { ...IMAGE, entrypoint: undefined, cmd: undefined })).toEqual([]);
});

test('environment, folder and user are the image’s as far as nothing else is said', () => {
  expect(withDefaults(IMAGE, [], { env: ['A=2'] }).options).toMatchObject({
    env: ['PATH=/opt', 'A=1', 'A=2'],
    cwd: '/srv',
    user: 'www-data',
  });
  expect(withDefaults(IMAGE, [], { cwd: '/', user: '0' }).options).toMatchObject({ cwd: '/', user: '0' });
  expect(withDefaults({ ...IMAGE, workingDir: '', user: '' }, [], {}).options).toMatchObject({ cwd: '/', user: '0' });
});
