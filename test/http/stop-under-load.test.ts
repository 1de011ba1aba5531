import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { signStop } from '../../client/custodian/stop.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { signedStopBytes } from '../../src/core/log/signed-stop.ts';
import { platformRandom } from '../../src/platform/random.ts';
import * as limits from '../../src/vault/limits.ts';
import { depositFiles, publish, requestAs } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask } from './ask.ts';
import { type Asker, ROUTES } from './routes.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let vault: Vault;
let port: number;
const tokens = new Map<Asker, string>();
const junk: Socket[] = [];

beforeAll(async () => {
  vault = await openVault({}, { stopListen: { host: '127.0.0.1', port: 0 } });
  port = Number(new URL(vault.baseUrl).port);
  await depositFiles(vault, { 'a.bin': new Uint8Array(10) });
  await publish(vault);
  const { ben, depositor, requester, auditor } = vault;
  tokens.set('custodian', await vault.tokenOf(ben.api));
  tokens.set('depositor', await vault.tokenOf(depositor.api));
  tokens.set('requester', await vault.tokenOf(requester.api));
  tokens.set('auditor', await vault.tokenOf(auditor.api));
  tokens.set('invited', vault.prepared.invitations.ana);
  tokens.set('host', toBase64url(platformRandom(32)));
});
afterEach(() => {
  for (const socket of junk.splice(0)) socket.destroy();
});
afterAll(async () => {
  await vault.close();
  expect(vault.failures).toEqual([]);
});

/** A connection from this address of the loopback that sends `text`, and is then left as it is. */
function hang(localAddress: string, text: string | null, to = port): Promise<void> {
  return new Promise((resolve) => {
    const tcp = connectTcp({ port: to, host: '127.0.0.1', localAddress });
    junk.push(tcp);
    tcp.on('error', () => resolve());
    tcp.on('close', () => resolve());
    tcp.once('connect', () => {
      if (text === null) return resolve();
      const socket = connectTls({ socket: tcp, servername: 'localhost', rejectUnauthorized: false });
      socket.on('error', () => resolve());
      socket.once('secureConnect', () => socket.write(text, () => resolve()));
    });
  });
}

const head = (method: string, path: string, token: string | undefined, bytes: number) =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(bytes > 0 ? ['Content-Type: application/json', `Content-Length: ${bytes}`] : []),
    '\r\n',
  ].join('\r\n');

/** Every route at full bounds, from everybody who may and everybody who may not. */
async function attack(release: string): Promise<void> {
  const [, ...addresses] = [1, 2, 3, 4, 5].map((n) => `127.0.0.${n}`) as [string, ...string[]];
  const hung: Promise<void>[] = [];
  const poll = `/v1/proposals/${release}?wait=60&phase=open`;
  for (const [i, asker] of (['custodian', 'depositor', 'requester', 'auditor'] as const).entries()) {
    const address = addresses[i] ?? '';
    for (let n = 0; n < limits.WAITS_AT_ONCE_A_KEY + 4; n++)
      hung.push(hang(address, head('GET', poll, tokens.get(asker), 0)));
  }
  for (const [i, { method, example, askers, body }] of ROUTES.entries()) {
    // Signing out would end what the others send.
    if (example === '/v1/stops' || method === 'DELETE') continue;
    for (const asker of [...askers, undefined]) {
      // Half a body, which never ends.
      const text = `${head(method, example, tokens.get(asker ?? 'anonymous'), body === undefined ? 0 : 5000)}{`;
      for (let n = 0; n < 3; n++) hung.push(hang(addresses[i % addresses.length] ?? '', text));
    }
  }
  for (const address of addresses) for (let n = 0; n < 300; n++) hung.push(hang(address, null));
  await Promise.all(hung);
  const bad = { method: 'POST', path: '/v1/stops', body: '{"v":1}' };
  for (let n = 0; n < 100; n++) await ask(vault.baseUrl, bad);
}

/** What only a clock would give back, of everybody. */
function spendEverything(): void {
  const { shares, recorder } = vault.daemon.context;
  const owners = [...recorder.facts.authenticators.keys(), ...recorder.facts.principals.keys()];
  for (const owner of owners) {
    for (const spent of [shares.bodyBytes, shares.entriesAnHour, shares.entriesADay, shares.uploads]) {
      spent.spend(owner, Number.MAX_SAFE_INTEGER / 2);
    }
    shares.failedSignIns.spend(`127.0.0.1 ${owner}`, limits.FAILED_SIGN_INS_A_MINUTE);
  }
}

test('junk on every route at full bounds, from many callers, and a stop still goes through', async () => {
  const { release } = await requestAs(vault);
  const { ana, daemon } = vault;
  const [own] = ana.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const signer = { authenticator: ana.device, random: platformRandom, now: Date.now };
  const stop = await signStop(signer, vault.fingerprint, own, { what: 'all', reason: 'under attack' }, null);
  await attack(release);
  spendEverything();
  // The bounds act: everybody who is signed in is told to wait, or has no place.
  const list = { path: `/v1/proposals/${release}?wait=60&phase=open`, token: tokens.get('auditor') ?? null };
  expect((await ask(vault.baseUrl, list)).status).toBe(429);
  expect(daemon.connections.count).toBeLessThanOrEqual(5 * limits.CONNECTIONS_AN_ADDRESS);

  expect((await ask(vault.baseUrl, { path: '/healthz' })).status).toBe(200);
  const body = new TextDecoder().decode(signedStopBytes(stop));
  const reply = await ask(vault.baseUrl, { method: 'POST', path: '/v1/stops', body });
  expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([200, { already: false }]);
  expect(daemon.context.recorder.facts.stopped).toMatchObject([{ name: 'ana', reason: 'under attack' }]);
});

test('connections that say nothing, more than the address for stops alone takes, keep no stop out of it', async () => {
  const { stopUrl } = vault.daemon;
  if (stopUrl === null) throw new Error('it listens');
  const places = limits.STOP_CONNECTIONS / limits.STOP_CONNECTIONS_AN_ADDRESS + 1;
  for (let n = 0; n < places * (limits.STOP_CONNECTIONS_AN_ADDRESS + 1); n++) {
    await hang(`127.0.0.${1 + (n % places)}`, null, Number(new URL(stopUrl).port));
  }
  const standing = () => junk.filter(({ destroyed }) => !destroyed).length;
  await vi.waitFor(() => expect(standing()).toBeLessThanOrEqual(limits.STOP_CONNECTIONS));
  const [own] = vault.ben.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const signer = { authenticator: vault.ben.device, random: platformRandom, now: Date.now };
  const stop = await signStop(signer, vault.fingerprint, own, { what: 'all', reason: 'under attack' }, null);
  const body = new TextDecoder().decode(signedStopBytes(stop));
  expect((await ask(stopUrl, { path: '/healthz' })).status).toBe(200);
  expect((await ask(stopUrl, { method: 'POST', path: '/v1/stops', body })).status).toBe(200);
});

test('a flood from the address of the person who stops pushes no stop out, while it is fewer than its places a step', async () => {
  const { stopUrl } = vault.daemon;
  if (stopUrl === null) throw new Error('it listens');
  const to = Number(new URL(stopUrl).port);
  const flood = async () => {
    for (let n = 0; n < limits.STOP_CONNECTIONS_AN_ADDRESS - 4; n++) await hang('127.0.0.1', null, to);
  };
  // They have asked once, and hold all places.
  for (let n = 0; n < limits.STOP_CONNECTIONS_AN_ADDRESS; n++) {
    await hang('127.0.0.1', head('GET', '/healthz', undefined, 0), to);
  }
  const [own] = vault.cleo.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const signer = { authenticator: vault.cleo.device, random: platformRandom, now: Date.now };
  const bytes = signedStopBytes(
    await signStop(signer, vault.fingerprint, own, { what: 'all', reason: 'a flood' }, null),
  );
  const tcp = connectTcp({ port: to, host: '127.0.0.1', localAddress: '127.0.0.1' });
  junk.push(tcp);
  await new Promise((resolve) => tcp.once('connect', resolve));
  await flood();
  const socket = connectTls({ socket: tcp, servername: 'localhost', rejectUnauthorized: false });
  const answered = new Promise<string>((resolve) => {
    for (const event of ['error', 'close'] as const) socket.on(event, () => resolve(event));
    socket.once('data', (piece: Buffer) => resolve(piece.toString()));
  });
  await Promise.race([new Promise((resolve) => socket.once('secureConnect', resolve)), answered]);
  await flood();
  socket.write(head('POST', '/v1/stops', undefined, bytes.length));
  socket.write(bytes);
  expect(await answered).toMatch(/^HTTP\/1.1 200 OK/);
});
