// Lines of docker's as containers. Source: run-line.ts.
import { expect, test } from 'vitest';
import { parseRun } from './run-line.js';

test('a line with limits, a terminal, a volume and a command', () => {
  const line = `docker run -it -m 64m --cpus=0.5 --name web -v data:/data -e A='b c' --restart on-failure:3 busybox:1 sh -c "echo $A"`;
  expect(parseRun(line)).toMatchObject({
    ...{ image: 'busybox:1', name: 'web', tty: true },
    body: {
      ...{ Image: 'busybox:1', Cmd: ['sh', '-c', 'echo $A'], Env: ['A=b c'], Tty: true, OpenStdin: true },
      HostConfig: {
        ...{ Memory: 64 << 20, NanoCpus: 5e8, Binds: ['data:/data'], NetworkMode: 'default' },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      },
    },
  });
});

test('in the background nothing is attached, with a terminal or without', () => {
  expect(parseRun('run -dit app')).toMatchObject({ tty: false, body: { Tty: true, AttachStdin: false } });
  expect(parseRun('run app')).toMatchObject({ tty: false, body: { Tty: false } });
});

test.each([
  ['docker ps', 'no docker run'],
  ['docker run', 'names no image'],
  ['docker run --publishes 80:80 app', 'unknown flag: --publishes'],
  ['docker run -m much app', 'invalid argument'],
  ['docker run "app', 'not closed'],
])('%s', (line, why) => {
  expect(() => parseRun(line)).toThrow(why);
});
