import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { selfSigned } from '../../src/http/certificate.ts';
import { oneAtATime } from '../../src/sockets/one-at-a-time.ts';

/** Another thread: it can ask again while the server's is busy. It counts the answers that it got on one connection. */
const CLIENT = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { connect } = require('node:tls');
  let count = 0;
  const ask = () => socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');
  const socket = connect({ host: '127.0.0.1', port: workerData.port, rejectUnauthorized: false }, ask);
  socket.on('error', () => undefined);
  socket.on('close', () => parentPort.postMessage(count));
  socket.on('data', (piece) => {
    if (!piece.toString().endsWith('answer')) return;
    count++;
    if (count < workerData.count) ask();
    else socket.end();
  });
`;
const COUNT = 5;

/** Longer than a client takes to read an answer and to ask again. */
const BUSY_MS = 100;
const busy = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);

test('a client that has its answer may ask again before the server has finished with the first request', async () => {
  const { key, certificate: cert } = await selfSigned(['127.0.0.1'], Date.now());
  const server = createServer(
    { key, cert },
    oneAtATime()((_, outgoing) => {
      // As a long poll is answered. Over TLS, Node learns only one turn of its loop later that the answer was written.
      setTimeout(() => {
        outgoing.end('answer');
        busy();
      }, 1);
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new Worker(CLIENT, { eval: true, workerData: { port, count: COUNT } });
  const [answers] = await once(client, 'message');
  server.close();
  expect(answers).toBe(COUNT);
});
