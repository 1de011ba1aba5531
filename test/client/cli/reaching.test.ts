import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSilentServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unreached } from '../../../client/api/unreached.ts';
import { connect, saysItIs, vaultOf } from '../../../client/cli/connect.ts';
import { selfSigned } from '../../../src/http/certificate.ts';

const FINGERPRINT = 'ab'.repeat(32);
const VAULT = { rpId: 'tl-0123456789abcdef.localhost', grade: 'simulation', phase: 'open', time: 1, fault: null };

let folder: string;
const servers: Server[] = [];
const urls = new Map<string, string>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-reaching-'));
  const trusted = await selfSigned(['localhost', '127.0.0.1', '10.0.0.5'], Date.now());
  const stranger = await selfSigned(['127.0.0.1'], Date.now());
  writeFileSync(join(folder, 'ca.pem'), trusted.certificate);
  const serve = async (name: string, server: Server, host = '127.0.0.1') => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    urls.set(name, `https://${host}:${port}`);
  };
  const tls = ({ certificate, key }: typeof trusted, status: number, body: string) =>
    createTlsServer({ cert: certificate, key }, (_, answer) => answer.writeHead(status).end(body));
  const says = (fingerprint: string | null) => JSON.stringify({ ...VAULT, fingerprint });
  await serve('the vault', tls(trusted, 200, says(FINGERPRINT)));
  await serve('a stranger’s certificate', tls(stranger, 200, says(FINGERPRINT)));
  await serve('another name', tls(trusted, 200, says(FINGERPRINT)), '127.0.0.2');
  await serve('a page', tls(trusted, 200, '<html>'));
  await serve('a missing page', tls(trusted, 404, '<html>'));
  await serve('a gateway', tls(trusted, 502, '<html>'));
  await serve('another vault', tls(trusted, 200, says('cd'.repeat(32))));
  await serve('a vault that is being founded', tls(trusted, 200, says(null)));
  await serve('plain HTTP', createServer());
  const closed = createSilentServer();
  await serve('nothing', closed);
  await new Promise((resolve) => closed.close(resolve));
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

function apiOf(name: string) {
  const settings = {
    vault: urls.get(name) ?? '',
    fingerprint: null,
    ca: join(folder, 'ca.pem'),
    key: null,
    stateDir: folder,
    fromGenesis: false,
    origins: { vault: '--vault', fingerprint: '--fingerprint', ca: '--ca', key: '--key' },
    configPath: '/none',
  };
  return connect({ settings, terminal: undefined as never, signal: new AbortController().signal });
}

test('a vault is reached, and says that it is the one that was meant', async () => {
  expect(await vaultOf(apiOf('the vault'))).toMatchObject({ fingerprint: FINGERPRINT });
  await saysItIs(apiOf('the vault'), FINGERPRINT);
});

test.each([
  ['a stranger’s certificate', 'usage', /is not trusted \(\w+\): give --ca FILE/],
  [
    'another name',
    'usage',
    /names other hosts than this one: it names “localhost, 127\.0\.0\.1, 10\.0\.0\.5” \(ERR_TLS_CERT_ALTNAME_INVALID\): use a name/,
  ],
  ['nothing', 'unavailable', /nothing listens there \(ECONNREFUSED\): see whether twinlockd runs/],
  ['plain HTTP', 'unavailable', /does not speak TLS as a vault does/],
  ['a page', 'usage', /^what answers there is no vault .*: see whether --vault names its host and port$/],
  ['a missing page', 'usage', /^what answers there is no vault .*status 404/],
  ['a gateway', 'unavailable', /status 502/],
  ['another vault', 'wrong_genesis', /the vault that answers is cdcd/],
  ['a vault that is being founded', 'wrong_genesis', /says that it has not been founded/],
])('says precisely that it has met %s', async (name, code, message) => {
  await expect(saysItIs(apiOf(name), FINGERPRINT)).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test.each([
  ['ENOTFOUND', /that name has no address here/],
  ['EAI_AGAIN', /that name has no address here/],
  ['UND_ERR_CONNECT_TIMEOUT', /that machine does not answer .*firewall/],
  ['EHOSTUNREACH', /that machine does not answer/],
  ['ECONNRESET', /the connection failed \(ECONNRESET\)/],
])('says what %s means', (code, message) => {
  expect(unreached(new TypeError('fetch failed', { cause: { code } }), 'https://v').message).toMatch(message);
});

test('what a certificate names is bounded and printable: another server wrote it', () => {
  const cert = { subjectaltname: `DNS:a\u001b[2J${'x'.repeat(1000)}` };
  const cause = { code: 'ERR_TLS_CERT_ALTNAME_INVALID', cert };
  const { message } = unreached(new TypeError('fetch failed', { cause }), 'https://v');
  expect(message).toContain('“a?[2J');
  expect(message.length).toBeLessThan(700);
});
