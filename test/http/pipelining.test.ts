import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openVault, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const lines: { readonly path: string }[] = [];
let vault: Vault;
beforeAll(async () => {
  const stopListen = { host: '127.0.0.1', port: 0 };
  vault = await openVault({}, { stopListen, accessLog: (line) => lines.push(line) });
});
afterAll(() => vault.close());

/** Sends this at once; resolves with what came back once the vault has ended the connection. */
function send(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) }, () => socket.write(text));
    socket.on('data', (piece: Buffer) => {
      answer += piece.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

const MANY = 200;
const of = (path: string, header = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`;

test.each([
  ['the API', () => vault.baseUrl],
  ['the address for stops alone', () => vault.daemon.stopUrl ?? ''],
])('of requests that are sent to %s before the first is answered, that one alone is begun', async (_, url) => {
  lines.length = 0;
  await send(url(), of('/healthz').repeat(MANY));
  expect(lines.length).toBeLessThanOrEqual(1);
});

test('of requests that expect what is not given, too', async () => {
  lines.length = 0;
  await send(vault.baseUrl, of('/healthz', 'Expect: nothing\r\n').repeat(MANY));
  expect(lines.length).toBeLessThanOrEqual(1);
});

test('requests that wait for the answer before are answered, all of them, on one connection', async () => {
  const answers = await new Promise<number>((resolve) => {
    let count = 0;
    const { port } = new URL(vault.baseUrl);
    const socket = connect({ host: '127.0.0.1', port: Number(port) }, () => socket.write(of('/healthz')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(count));
    socket.on('data', (piece: Buffer) => {
      if (!piece.toString().endsWith('ok\n')) return;
      count++;
      if (count < MANY) socket.write(of('/healthz'));
      else socket.end();
    });
  });
  expect(answers).toBe(MANY);
});
