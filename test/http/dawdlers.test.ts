import { connect as connectTcp, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { depositFiles, openAs, publish, releaseAs, requestAs } from '../world/vault/acts.ts';
import { OPENED_HERE } from '../world/vault/sealed-model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ID } from './routes.ts';

/** The same limits, in a time that a test can wait for; all else is as it is. */
vi.mock('../../src/vault/limits.ts', async (original) => ({
  ...(await original<typeof import('../../src/vault/limits.ts')>()),
  HANDSHAKE_MS: 300,
  HEADERS_MS: 400,
  CONNECTIONS_CHECKED_MS: 100,
  REQUEST_WITHIN_MS: 1500,
  BODY_WITHIN_MS: 300,
  KEEP_ALIVE_MS: 200,
  SILENCE_MS: 12_000,
  READER_SILENCE_MS: 300,
}));

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let vault: Vault;
beforeAll(async () => {
  vault = await openVault();
  // More than the buffers between two sockets hold.
  await depositFiles(vault, { 'a.bin': new Uint8Array(40 << 20) });
  await publish(vault);
});
afterAll(async () => {
  await vault.close();
  expect(vault.failures).toEqual([]);
});

const at = () => ({ host: '127.0.0.1', port: Number(new URL(vault.baseUrl).port) });
const ended = (socket: Socket) =>
  new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });

/** Sends this, and nothing more; resolves with what came back once the vault has ended it. */
function dawdle(text: string): Promise<string> {
  const socket = connect(at(), () => void socket.write(text));
  return ended(socket);
}

test('a connection that does no handshake is ended', async () => {
  await ended(connectTcp(at()));
});

test('a connection that asks nothing is ended', async () => {
  await dawdle('');
});

test('a request whose headers do not end is ended, with a code', async () => {
  expect(await dawdle('GET /v1/vault HTTP/1.1\r\nHost: x\r\n')).toMatch(/"code":"cancelled"/);
});

test('a body of JSON that does not end is ended', async () => {
  const type = 'Content-Type: application/json';
  await dawdle(`POST /v1/challenges HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: 2\r\n\r\n{`);
});

test('a part of an upload that does not end is ended, later', async () => {
  const { upload } = await vault.depositor.api.openUpload({
    model: 'acme/ocr',
    version: '2',
    files: ['1', '1'],
    ...OPENED_HERE,
  });
  const token = await vault.tokenOf(vault.depositor.api);
  const headers = `Authorization: Bearer ${token}\r\nContent-Type: application/octet-stream\r\nContent-Length: 33`;
  await dawdle(`PUT /v1/uploads/${upload}/files/0?segment=0&turn=0 HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\nx`);
  expect(upload).not.toBe(ID);
});

test('a connection that was answered, and asks nothing more, is ended', async () => {
  expect(await dawdle('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/200 OK/);
});

test('a connection on which nothing moves is ended, also while somebody waits for an answer', async () => {
  const { release } = await requestAs(vault);
  const token = await vault.tokenOf(vault.requester.api);
  const poll = `GET /v1/proposals/${release}?wait=60&phase=open HTTP/1.1\r\nHost: x`;
  expect(await dawdle(`${poll}\r\nAuthorization: Bearer ${token}\r\n\r\n`)).toBe('');
});

test('a reader that takes nothing is cut off, and what it did not get is given back', async () => {
  const pending = await releaseAs(vault);
  const { token } = await openAs(vault, pending);
  const { log, recorder } = vault.daemon.context;
  const { statement } = recorder.facts.proposals.get(pending.release) ?? {};
  const reserve = vi.spyOn(log, 'reserve');
  const { manifest } = statement as unknown as { manifest: string };
  const socket = connect(at(), () => {
    socket.write(`GET /v1/weights/${manifest}/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  });
  socket.pause();
  socket.on('error', () => undefined);
  // Before SILENCE_MS, which would end it too.
  await vi.waitFor(() => expect(reserve.mock.calls.some(([, bytes]) => bytes < 0n)).toBe(true), { timeout: 8_000 });
  socket.destroy();
  vi.restoreAllMocks();
});
