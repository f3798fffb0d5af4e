// Builds reach public addresses alone, however an address is written and wherever a name leads. Threats: RFC 6890's networks.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { PublicWeb } from './public-web.js';

test('the host and what lies around it are not reached', async () => {
  let asked = 0;
  const server = createServer((_request, answer) => {
    asked++;
    answer.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const web = new PublicWeb();
  try {
    const hosts = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '2130706433',
      '0x7f.1',
      '0.0.0.0',
      '[::ffff:127.0.0.1]',
      '10.0.0.1',
      '169.254.169.254',
    ];
    for (const host of hosts) {
      const sent = web.send({ method: 'GET', url: `http://${host}:${port}/`, headers: {} });
      await expect(sent, host).rejects.toThrow(/builds may not reach/);
    }
    expect(asked).toBe(0);
  } finally {
    web.close();
    server.close();
  }
});
