// Flags as Docker's client reads them. Oracle: docker 28.2.2 (pflag).
import { expect, test } from 'vitest';
import { attachOf, containerOf } from './container-options.js';
import { flag, parseBytes, parseDuration, parseFlags } from './flags.js';
import { runCommand } from './run.js';
import { DetachKeys, parseKeys } from './session.js';
import { split } from './main.js';

const FLAGS = [
  flag('-a, --all', 'bool', ''),
  flag('-e, --env', 'list', ''),
  flag('-n, --last', 'int', '', '-1'),
  flag('--sig-proxy', 'bool', '', 'true'),
  flag('-t, --tty', 'bool', ''),
];
const parse = (words: string, interspersed = true) =>
  parseFlags(FLAGS, words.split(' '), interspersed, 'tabvisor x [OPTIONS]');

test('long, short, together, with and without =', () => {
  const { values, args } = parse('-at -eA=1 -e B --env=C --last=3 x --sig-proxy=false y');
  expect(values.list('env')).toEqual(['A=1', 'B', 'C']);
  expect([values.is('all'), values.is('tty'), values.is('sig-proxy'), values.number('last')]).toEqual([
    true,
    true,
    false,
    3,
  ]);
  expect(args).toEqual(['x', 'y']);
  expect(parse('x -a', false).args).toEqual(['x', '-a']);
  expect(parse('-a -- -e').args).toEqual(['-e']);
  expect(parse('x').values.is('sig-proxy')).toBe(true);
  expect(parse('-').args).toEqual(['-']);
});

test.each([
  ['--nothing', 'unknown flag: --nothing'],
  ['-az', "unknown shorthand flag: 'z' in -az"],
  ['-e', "flag needs an argument: 'e' in -e"],
  ['--env', 'flag needs an argument: --env'],
  ['--last x', 'invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  ['--all=x', 'invalid argument "x" for "-a, --all" flag: strconv.ParseBool: parsing "x": invalid syntax'],
])('%s is refused', (words, why) => {
  expect(() => parse(words)).toThrow(why);
});

test('sizes and durations', () => {
  expect(['10', '1k', '1.5m', '2 GiB', '3gb', '-1', 'x', ''].map(parseBytes)).toEqual([
    ...[10, 1024, 1572864, 2 * 2 ** 30, 3 * 2 ** 30, -1, undefined, undefined],
  ]);
  expect(['1s', '1h30m', '1.5ms', '-2s', '0', '3'].map(parseDuration)).toEqual([
    1e9,
    5400e9,
    1.5e6,
    -2e9,
    0,
    undefined,
  ]);
});

const body = (words: string) => {
  const { values, args } = parseFlags(runCommand.flags, words.split(' '), false, 'tabvisor run');
  return containerOf(values, args, values.is('detach'));
};

test('flags of run are members of the request', () => {
  const made = body(
    '-it -m 64m --cpus 0.5 -p 8080:80 -p 127.0.0.1::53/udp -p 90-91:70-71 -p [::1]:5:6 --expose 9 -v /a:/b:ro -v /c --tmpfs /t:size=1m --mount type=bind,src=/x,dst=/y,readonly -e A=1 --label l=v --network net --network-alias al --ip 10.0.0.2 --restart on-failure:3 --health-cmd true --health-interval 5s --ulimit nofile=1:2 --entrypoint sh image -c x',
  );
  expect(made).toMatchObject({
    ...{
      Image: 'image',
      Cmd: ['-c', 'x'],
      Entrypoint: ['sh'],
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      Env: ['A=1'],
    },
    Labels: { l: 'v' },
    Volumes: { '/c': {} },
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9 },
    HostConfig: {
      ...{ Memory: 64 << 20, NanoCpus: 5e8, Binds: ['/a:/b:ro'], Tmpfs: { '/t': 'size=1m' }, NetworkMode: 'net' },
      PortBindings: {
        '80/tcp': [{ HostIp: '', HostPort: '8080' }],
        '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
        '70/tcp': [{ HostIp: '', HostPort: '90' }],
        '71/tcp': [{ HostIp: '', HostPort: '91' }],
        '6/tcp': [{ HostIp: '::1', HostPort: '5' }],
      },
      Mounts: [{ Type: 'bind', Source: '/x', Target: '/y', ReadOnly: true }],
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    },
    NetworkingConfig: { EndpointsConfig: { net: { Aliases: ['al'], IPAMConfig: { IPv4Address: '10.0.0.2' } } } },
  });
  expect(made.ExposedPorts).toHaveProperty('9/tcp');
});

test.each([
  '-p x image',
  '-p 1:2:3:4 image',
  '--mount type=bind image',
  '--restart on-failure:x image',
  '--ulimit x image',
])('run %s is refused', (words) => {
  expect(() => body(words)).toThrow();
});

test('what is attached', () => {
  const attach = (words: string) => attachOf(parseFlags(runCommand.flags, words.split(' '), false, '').values, false);
  expect(attach('-i image')).toEqual({ stdin: true, stdout: true, stderr: true });
  expect(attach('-a stdout image')).toEqual({ stdin: false, stdout: true, stderr: false });
});

test('keys that detach are kept back until they are others', () => {
  const keys = new DetachKeys(parseKeys('ctrl-p,ctrl-q'));
  const take = (...bytes: number[]) => {
    const { bytes: out, detached } = keys.take(Uint8Array.from(bytes));
    return [[...out], detached];
  };
  expect(take(65, 16)).toEqual([[65], false]);
  expect(take(66)).toEqual([[16, 66], false]);
  expect(take(16, 16)).toEqual([[16], false]);
  expect(take(17, 67)).toEqual([[], true]);
  expect(() => parseKeys('ctrl-1')).toThrow('Unknown character');
});

test('global options stand in front of the command', () => {
  expect(split(['-H', 'unix:///x', '--tlsverify', 'ps', '-a'])).toEqual({
    globals: ['-H', 'unix:///x', '--tlsverify'],
    rest: ['ps', '-a'],
  });
  expect(split(['--host=tcp://x', 'run', '-h', 'y'])).toMatchObject({ rest: ['run', '-h', 'y'] });
});
