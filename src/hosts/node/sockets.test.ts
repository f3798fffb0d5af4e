// The gateway's sockets on the host's own loopback, of either family.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { formatAddress, parseAddress } from '../../net/address.js';
import { NodeNetwork } from './sockets.js';

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
const loopbacks = ['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])];

test.each(loopbacks)('a stream to %s and back', async (host) => {
  const server = createServer((socket) => socket.on('data', (data) => socket.end(`${data} world`)));
  onTestFinished(() => void server.close());
  server.listen(0, host);
  await once(server, 'listening');
  const network = new NodeNetwork(() => {});
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    const stream = network.connect(parseAddress(host)!, (server.address() as AddressInfo).port, {
      open: () => void stream.write(Buffer.from('hello')),
      data: (bytes) => void heard.push(Buffer.from(bytes).toString()),
      end: () => stream.end(),
      drain() {},
      closed: (why) => {
        heard.push(why);
        resolve();
      },
    });
  });
  expect(heard).toEqual(['hello world', 'ended']);
});

test.each(loopbacks)('datagrams to %s and back, of that family alone', async (host) => {
  const family = host === '::1' ? 6 : 4;
  const echo = createSocket(`udp${family}`);
  onTestFinished(() => void echo.close());
  echo.on('message', (data, from) => echo.send(`${data}!`, from.port, from.address));
  echo.bind(0, host);
  await once(echo, 'listening');
  const { port } = echo.address();
  const network = new NodeNetwork(() => {});
  const answer = await new Promise<string>((resolve) => {
    const datagrams = network.datagrams(family, (address, from, data) => {
      resolve(`${formatAddress(address)} ${from === port} ${Buffer.from(data)}`);
      datagrams.close();
    });
    datagrams.send(parseAddress(host)!, port, Buffer.from('hello'));
  });
  expect(answer).toBe(`${host} true hello!`);
});

test('the host knows its own addresses, and its names', async () => {
  const network = new NodeNetwork(() => {});
  expect(network.ownAddresses().map(formatAddress)).toEqual(expect.arrayContaining(loopbacks));
  expect((await network.lookup('localhost'))?.map(formatAddress)).toContain('127.0.0.1');
});
