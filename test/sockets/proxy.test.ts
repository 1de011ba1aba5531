import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { connect } from '../../client/cli/connect.ts';
import { askMirror } from '../../src/endorse/mirror.ts';
import { selfSigned } from '../../src/http/certificate.ts';
import { isDirect, reachByProxy } from '../../src/sockets/proxy.ts';

const FINGERPRINT = 'ab'.repeat(32);
const VAULT = {
  fingerprint: FINGERPRINT,
  rpId: 'tl-0123456789abcdef.localhost',
  grade: 'simulation',
  phase: 'open',
  time: 1,
  fault: null,
};

let folder: string;
let vault: Server;
let proxy: Server;
/** What the proxy was asked to connect to. */
const asked: string[] = [];
/** What it does in place of connecting: answers with a status, or closes without one; null to connect. */
let refusal: number | 'close' | null = null;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-proxy-'));
  const { certificate, key } = await selfSigned(['vault.example', '127.0.0.1'], Date.now());
  writeFileSync(join(folder, 'tls.crt'), certificate);
  vault = await listening(
    createTlsServer({ key, cert: certificate }, ({ url }, answer) => answer.end(url === '/v1/vault' ? body() : 'list')),
  );
  proxy = createServer();
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    if (refusal === 'close') return void socket.destroy();
    if (refusal !== null) return void socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
    const through = dial(portOf(vault), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
  });
  await listening(proxy);
});
afterAll(() => {
  vault.close();
  proxy.close();
  vault.closeAllConnections();
  proxy.closeAllConnections();
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  asked.length = 0;
  refusal = null;
});

const body = () => JSON.stringify(VAULT);
const portOf = (server: Server) => (server.address() as AddressInfo).port;
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

async function listening<S extends Server>(server: S): Promise<S> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function ask(url: string) {
  const settings = {
    vault: url,
    fingerprint: null,
    ca: join(folder, 'tls.crt'),
    key: null,
    stateDir: folder,
    fromGenesis: false,
    origins: { vault: '--vault', fingerprint: '--fingerprint', ca: '--ca', key: '--key' },
    configPath: '/none',
  };
  const terminal = undefined as never;
  return connect({ settings, terminal, signal: new AbortController().signal }).vault();
}

function useProxy(noProxy = ''): void {
  vi.stubEnv('HTTPS_PROXY', `http://user:secret@127.0.0.1:${portOf(proxy)}`);
  vi.stubEnv('NO_PROXY', noProxy);
}

test('a vault is reached by the proxy that HTTPS_PROXY names, and proves its name through it', async () => {
  useProxy();
  expect(await ask('https://vault.example:8443')).toMatchObject({ fingerprint: FINGERPRINT });
  expect(asked).toEqual(['vault.example:8443']);
  await expect(ask('https://other.example:8443')).rejects.toThrow(
    refused('usage', /names other hosts than this one: .*ERR_TLS_CERT_ALTNAME_INVALID.*HTTPS_PROXY/),
  );
});

test('what the proxy refuses is said to be the proxy’s refusal, without its password', async () => {
  useProxy();
  refusal = 403;
  await expect(ask('https://refused.example:8443')).rejects.toThrow(
    refused('unavailable', /^(?!.*secret).*the proxy answered with status 403.*HTTPS_PROXY/),
  );
});

test('a proxy that closes without an answer is asked once a try, and no more once it is given up', async () => {
  useProxy();
  refusal = 'close';
  await expect(ask('https://closed.example:8443')).rejects.toThrow(
    refused('unavailable', /^(?!.*secret).*the connection failed \(ECONNRESET\).*HTTPS_PROXY/),
  );
  const mirror = new URL('https://closed-mirror.example/kds/');
  reachByProxy(mirror, process.env);
  await expect(askMirror(mirror, 'crl')).rejects.toThrow(refused('unavailable', /does not answer/));
  expect(asked).toEqual(['closed.example:8443', 'closed-mirror.example:443']);
});

test('loopback and what NO_PROXY lists are reached without the proxy', async () => {
  useProxy('direct.invalid');
  const here = `https://127.0.0.1:${portOf(vault)}`;
  expect(await ask(here)).toMatchObject({ fingerprint: FINGERPRINT });
  await expect(ask('https://direct.invalid:8443')).rejects.toThrow(refused('unavailable', /^(?!.*HTTPS_PROXY)/));
  expect(asked).toEqual([]);
});

test.each([
  'localhost',
  'localhost.',
  'tl-1.localhost.',
  '127.9.9.9',
  '0.0.0.0',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
])('this machine is reached without the proxy by the name %s', async (host) => {
  useProxy();
  const error: unknown = await ask(`https://${host}:${portOf(vault)}`).catch((thrown: unknown) => thrown);
  // Whether it answers by that name is the system's matter.
  expect(error).toMatchObject({ message: expect.not.stringMatching(/HTTPS_PROXY/) });
  expect(asked).toEqual([]);
});

test('a mirror of endorsements is asked by the proxy', async () => {
  useProxy();
  const mirror = new URL('https://vault.example/kds/');
  expect(reachByProxy(mirror, process.env)).toBe(true);
  expect(Buffer.from((await askMirror(mirror, 'crl')).bytes).toString()).toBe('list');
  // The connection may be that of the test before.
  expect(asked.every((target) => target.startsWith('vault.example:'))).toBe(true);
});

test.each(['proxy.example', 'socks5://user:secret@proxy.example:1080', 'http://', 'http://user:secret@h:99999'])(
  'refuses a proxy that is no http URL, and does not repeat it: %s',
  (named) => {
    vi.stubEnv('HTTPS_PROXY', named);
    expect(() => ask('https://vault.example')).toThrow(refused('usage', /^HTTPS_PROXY: expected(?!.*secret)/));
  },
);

test.each([
  ['https://localhost:8443', '', true],
  ['https://tl-1.localhost', '', true],
  ['https://127.0.0.2:8443', '', true],
  ['https://[::1]:8443', '', true],
  ['https://localhost.example', '', false],
  ['https://[::2]', '', false],
  ['https://[::ffff:10.0.0.1]', '', false],
  ['https://vault.example.:8443', 'vault.example', true],
  ['https://vault.example', 'vault.example.', true],
  ['https://vault.example', '*', true],
  ['https://vault.example', 'a.example, vault.example', true],
  ['https://vault.example', 'EXAMPLE', true],
  ['https://vault.example', '.example', true],
  ['https://vault.example', '*.example', true],
  ['https://vaultexample', 'example', false],
  ['https://vault.example:8443', 'vault.example:8443', true],
  ['https://vault.example', 'vault.example:443', true],
  ['https://vault.example', 'vault.example:8443', false],
  ['https://10.1.2.3:8443', '10.0.0.0/8', true],
  ['https://11.1.2.3:8443', '10.0.0.0/8', false],
  ['https://10.1.2.3', '10.1.2.3', true],
  ['https://110.1.2.3', '0.1.2.3', false],
  ['https://[fd00::1]', 'fd00::/8', true],
  ['https://[fd00::1]', '[fd00::1]:443', true],
  ['https://[fe00::1]', 'fd00::/8', false],
  ['https://10.1.2.3', '10.0.0.0/99', false],
])('reaches %s with NO_PROXY=%s without a proxy: %s', (url, noProxy, expected) => {
  expect(isDirect(new URL(url), noProxy)).toBe(expected);
});
