import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { principalKey, principalLogin } from '../../client/principal/principal.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { signableMessage } from '../../src/core/webauthn/challenge.ts';
import { platformRandom } from '../../src/platform/random.ts';
import type { Route as ServedRoute } from '../../src/wire/route.ts';
import { ROUTES as SERVED } from '../../src/wire/routes.ts';
import { HOUR_MS } from '../world/founding.ts';
import { OPENED_HERE } from '../world/vault/sealed-model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask, expectRefused, type Question } from './ask.ts';
import { type Asker, DIGEST, ID, ROUTES, type Route } from './routes.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

let vault: Vault;
const tokens = new Map<Asker, string | null>();

beforeAll(async () => {
  vault = await openVault();
  const { ben, depositor, requester, auditor } = vault;
  tokens.set('anonymous', null);
  tokens.set('invited', vault.prepared.invitations.ana);
  tokens.set('custodian', await vault.tokenOf(ben.api));
  tokens.set('depositor', await vault.tokenOf(depositor.api));
  tokens.set('requester', await vault.tokenOf(requester.api));
  tokens.set('auditor', await vault.tokenOf(auditor.api));
  tokens.set('host', toBase64url(platformRandom(32)));
});
afterAll(async () => {
  expect(vault.failures).toEqual([]);
  await vault.close();
});
afterEach(() => {
  vi.useRealTimers();
});

const as = (asker: Asker) => tokens.get(asker) ?? null;
const exampleOf = (route: Route): Question => ({
  method: route.method,
  path: route.example,
  body: route.body,
  headers: route.method === 'PUT' ? { 'content-type': 'application/octet-stream' } : {},
});
const named = (routes: readonly Route[]) => routes.map((route) => [`${route.method} ${route.path}`, route] as const);

/** Until the test ends, by the clock that is never set. */
function passes(ms: number): void {
  const now = performance.now.bind(performance);
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  onTestFinished(() => spy.mockRestore());
}

describe('/openapi.json', () => {
  interface Document {
    readonly paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
    readonly components: { readonly schemas: Record<string, Schema> };
  }
  interface Schema {
    readonly $ref?: string;
    readonly additionalProperties?: unknown;
    readonly oneOf?: readonly Schema[];
    readonly anyOf?: readonly Schema[];
  }
  const read = async () =>
    JSON.parse((await ask(vault.baseUrl, { path: '/openapi.json' })).body.toString()) as Document;

  test('lists every route, and none that is not tested here', async () => {
    const { paths } = await read();
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(listed.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  });

  test('says of every body that it takes no other members', async () => {
    const { paths, components } = await read();
    const resolve = ({ $ref, ...schema }: Schema): Schema =>
      $ref === undefined ? schema : resolve(components.schemas[$ref.split('/').at(-1) ?? ''] ?? {});
    const isClosed = (schema: Schema): boolean => {
      const { additionalProperties, oneOf, anyOf } = resolve(schema);
      return (oneOf ?? anyOf)?.every(isClosed) ?? additionalProperties === false;
    };
    for (const [path, methods] of Object.entries(paths)) {
      for (const { requestBody } of Object.values(methods)) {
        const schema = requestBody?.content['application/json']?.schema;
        expect(schema === undefined || isClosed(schema), path).toBe(true);
      }
    }
  });
});

describe('who asks', () => {
  const closed = ROUTES.filter(({ askers }) => !askers.includes('anonymous'));

  test.each(named(closed))('%s refuses a caller who is not signed in', async (_, route) => {
    const code = route.askers.includes('invited') ? 'invitation_unknown' : 'unauthenticated';
    for (const token of [null, toBase64url(platformRandom(32)), 'x', 'A'.repeat(128), '%00']) {
      await expectRefused(
        vault,
        { ...exampleOf(route), token },
        401,
        code,
        /sign in|expected the bearer token|paste it/,
      );
    }
  });

  const pairs = closed.flatMap((route) =>
    (['invited', 'custodian', 'depositor', 'requester', 'auditor', 'host'] as const)
      .filter((asker) => !route.askers.includes(asker))
      .map((asker) => [`${route.method} ${route.path}`, asker, route] as const),
  );
  test.each(pairs)('%s refuses the token of a %s', async (_, asker, route) => {
    const isSession =
      route.askers.includes('custodian') || route.askers.some((a) => a === 'depositor' || a === 'requester');
    const hasSession = asker !== 'invited' && asker !== 'host';
    const [status, code] = !isSession
      ? [401, route.askers.includes('invited') ? 'invitation_unknown' : 'unauthenticated']
      : hasSession
        ? [403, 'not_permitted']
        : [401, 'unauthenticated'];
    await expectRefused(vault, { ...exampleOf(route), token: as(asker) }, status as number, code as string);
  });

  test('a role that a route refuses is counted, so that the log tells of it', async () => {
    const note = vi.spyOn(vault.daemon.context.refusals, 'note');
    onTestFinished(() => note.mockRestore());
    for (const { method, path, access, act } of Object.values<ServedRoute>(SERVED)) {
      if (typeof access === 'string' || access.length === 4) continue;
      const route = ROUTES.find((one) => one.method === method && one.path === path) as Route;
      const asker = access.includes('custodian') ? 'requester' : 'custodian';
      note.mockClear();
      await ask(vault.baseUrl, { ...exampleOf(route), token: as(asker) });
      expect(note.mock.calls, path).toEqual([['not_permitted', act, expect.any(String)]]);
    }
  });

  test('a session is over after 8 hours', async () => {
    const { token } = await openSession();
    expect((await ask(vault.baseUrl, { path: '/v1/status', token })).status).toBe(200);
    passes(8 * HOUR_MS + 1000);
    await expectRefused(vault, { path: '/v1/status', token }, 401, 'unauthenticated', /8 hours/);
  });

  test('a session is over when it was closed', async () => {
    const { token } = await openSession();
    expect((await ask(vault.baseUrl, { method: 'DELETE', path: '/v1/sessions', token })).status).toBe(204);
    await expectRefused(vault, { path: '/v1/status', token }, 401, 'unauthenticated');
  });

  const openSession = () => principalLogin(vault.prepared.machines.auditor, vault.fingerprint)(vault.anonymous);
});

describe('form', () => {
  const bodies = ROUTES.filter(({ body, method }) => body !== undefined && method !== 'PUT');
  const asAllowed = (route: Route) => ({ ...exampleOf(route), token: as(route.askers[0] ?? 'anonymous') });

  test.each(named(bodies))('%s refuses a member that it does not know', async (_, route) => {
    const body = { ...(route.body as object), surprise: 1 };
    await expectRefused(vault, { ...asAllowed(route), body }, 400, 'malformed', /surprise/);
  });

  test.each(named(bodies))('%s refuses a member that is named twice', async (_, route) => {
    const text = JSON.stringify(route.body);
    const twice = text === '{}' ? '{"a":1,"a":1}' : `${text.slice(0, -1)},${text.slice(1)}`;
    await expectRefused(vault, { ...asAllowed(route), body: twice }, 400, 'malformed', /repeated/);
  });

  test.each(named(bodies))('%s refuses a body that is no JSON, none, or of another type', async (_, route) => {
    const question = asAllowed(route);
    await expectRefused(vault, { ...question, body: '{' }, 400, 'malformed', /JSON/);
    await expectRefused(vault, { ...question, body: '[]' }, 400, 'malformed');
    await expectRefused(vault, { ...question, body: 'null' }, 400, 'malformed');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      await expectRefused(vault, { ...question, headers: { 'content-type': type } }, 400, 'malformed', /content-type/);
    }
    // Nothing has to be said.
    if (JSON.stringify(route.body) === '{}') return;
    await expectRefused(vault, { ...question, body: undefined }, 400, 'malformed', /^json./);
    const headers = { 'content-type': 'application/json' };
    await expectRefused(vault, { ...question, body: undefined, headers }, 400, 'malformed', /JSON/);
  });

  test.each(named(bodies))('%s refuses a body of unknown length, and one that is too large', async (_, route) => {
    const question = asAllowed(route);
    const chunked = { ...question, headers: { 'transfer-encoding': 'chunked' } };
    await expectRefused(vault, { ...chunked, body: JSON.stringify(route.body) }, 400, 'malformed', /content-length/);
    const body = JSON.stringify(route.body).padEnd(24 * (1 << 20) + 1);
    await expectRefused(vault, { ...question, body }, 413, 'too_large', /at most \d+ bytes/);
  });

  test('no large body is read for a caller who is not signed in', async () => {
    const body = '{}'.padEnd(300 * 1024);
    for (const path of ['/v1/deposits', '/v1/proposals', `/v1/requests/${DIGEST}/appraisals`]) {
      await expectRefused(vault, { method: 'POST', path, body }, 401, 'unauthenticated');
    }
  });

  test.each([
    ['a sign', '+1'],
    ['a leading zero', '01'],
    ['a fraction', '1.0'],
    ['hexadecimal', '0x1'],
    ['an exponent', '1e1'],
    ['nothing', ''],
    ['a space', '%201'],
    ['below zero', '-1'],
    ['too large', '99999999999999999999'],
  ])('a number has one spelling: not %s', async (_, n) => {
    const auditor = { token: as('auditor') };
    await expectRefused(vault, { ...auditor, path: `/v1/log/entries?from=${n}` }, 400, 'malformed', /query.from/);
    await expectRefused(vault, { ...auditor, path: `/v1/log/entries?limit=${n}` }, 400, 'malformed', /query.limit/);
    const proposal = `/v1/proposals/${DIGEST}?wait=${n}`;
    await expectRefused(vault, { ...auditor, path: proposal }, 400, 'malformed', /query.wait/);
    if (n === '') return;
    const release = `/v1/releases/${DIGEST}/hosts/${n}`;
    await expectRefused(vault, { token: as('requester'), path: release }, 400, 'malformed', /param.host/);
    const weights = `/v1/weights/${DIGEST}/${n}`;
    await expectRefused(vault, { token: as('host'), path: weights }, 400, 'malformed', /param.file/);
  });

  test.each([
    '/v1/log/entries?form=1',
    '/v1/log/entries?from=1&from=2',
    '/v1/log/entries?limit=0',
    '/v1/log/entries?limit=1001',
    '/v1/proposals?phase=closed',
    `/v1/proposals/${DIGEST}?wait=61`,
    `/v1/proposals/${DIGEST}?phase=opened`,
    `/v1/proposals/${DIGEST}?wiat=1`,
  ])('refuses the query of %s', async (path) => {
    await expectRefused(vault, { path, token: as('auditor') }, 400, 'malformed', /query/);
  });

  test.each([
    ['GET', `/v1/proposals/${DIGEST.toUpperCase()}`],
    ['GET', '/v1/proposals/..%2f..%2fvault'],
    ['GET', `/v1/proposals/${DIGEST}%00`],
    ['GET', `/v1/versions/${DIGEST}0/envelopes`],
    ['GET', '/v1/uploads/..%2f..%2flog.key'],
    ['PUT', '/v1/uploads/..%2fversions/files/0?segment=0&turn=0'],
    ['PUT', `/v1/uploads/${ID}/files/..%2f0?segment=0&turn=0`],
    ['GET', `/v1/weights/..%2f..%2f..%2fetc%2fpasswd/0`],
    ['GET', `/v1/weights/${DIGEST}/..%2f..%2f..%2flog.key`],
    ['GET', `/v1/weights/${DIGEST}/0%2f..%2fleaves/leaves`],
  ] as const)('no path leads out of a folder: %s %s', async (method, path) => {
    const token = path.includes('weights') ? as('host') : path.includes('uploads') ? as('depositor') : as('custodian');
    const body = method === 'PUT' ? new Uint8Array(33) : undefined;
    await expectRefused(vault, { method, path, token, body }, 400, 'malformed', /param/);
  });

  test.each([
    '/v1/../log.key',
    '/v1/versions/%2e%2e/envelopes',
    '/v1/weights/../../tls.key',
    '//v1/vault',
    '/v1/Vault',
    '/v1/vault/',
    '/',
    '/v1',
  ])('there is nothing at %s', async (path) => {
    await expectRefused(vault, { path, token: as('custodian') }, 404, 'not_found', /openapi/);
  });

  test.each([
    ['a base64 of another alphabet', { document: 'a+/b' }, /json.document/],
    ['padding', { document: 'YQ==' }, /json.document/],
    ['bits past the end', { document: 'YR' }, /base64url/],
    ['a text of an impossible length', { document: 'YWJjZ' }, /base64url/],
    ['one that is too long', { document: 'A'.repeat(90_000) }, /json.document/],
    ['a number', { document: 1 }, /json.document/],
  ])('base64url has one spelling: not %s', async (_, body, says) => {
    const question = { method: 'POST', path: '/v1/enrolments', token: as('invited'), body };
    const before = (await vault.daemon.context.founding.enrolments()).length;
    const reply = await ask(vault.baseUrl, question);
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.body.toString())).toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(says),
    });
    expect((await vault.daemon.context.founding.enrolments()).length).toBe(before);
  });

  test.each([
    'ACME/ocr',
    'acme',
    'acme/',
    '/ocr',
    'acme/ocr/x',
    '../ocr',
    'acme/..',
    'acme/ocr\n',
    'acmé/ocr',
    `${'a'.repeat(65)}/x`,
  ])('the model name %j is none', async (model) => {
    const upload = { model, version: '1', files: ['1', '1'], ...OPENED_HERE };
    const post = { method: 'POST', token: as('depositor'), path: '/v1/uploads', body: upload };
    await expectRefused(vault, post, 400, 'malformed', /json.model: expected namespace\/name/);
    const body = { model, version: '1', purpose: 'serving', hosts: 1, nonce: DIGEST, created: Date.now() };
    const request = { method: 'POST', token: as('requester'), path: '/v1/requests', body };
    await expectRefused(vault, request, 400, 'malformed', /json.model/);
  });

  test.each(['', 'V1', '..', '.1', '1/2', ' 1', '1'.repeat(65)])('the version name %j is none', async (version) => {
    const body = { model: 'acme/ocr', version, files: ['1', '1'], ...OPENED_HERE };
    const post = { method: 'POST', token: as('depositor'), path: '/v1/uploads', body };
    await expectRefused(vault, post, 400, 'malformed', /json.version/);
  });

  test.each([
    ['one file', ['1']],
    ['a size below zero', ['1', '-1']],
    ['a fraction', ['1', '1.5']],
    ['a leading zero', ['1', '01']],
    ['a number that is no text', ['1', 1]],
    ['more files than a version has', Array.from({ length: 10_001 }, () => '1')],
  ])('an upload is not of %s', async (_, files) => {
    const body = { model: 'acme/ocr', version: '1', files, ...OPENED_HERE };
    await expectRefused(vault, { method: 'POST', token: as('depositor'), path: '/v1/uploads', body }, 400, 'malformed');
  });

  test('an upload has no file of more than 16 TiB', async () => {
    for (const bytes of [2n ** 44n + 1n, 10n ** 19n]) {
      const body = { model: 'acme/ocr', version: '1', files: ['1', bytes.toString()], ...OPENED_HERE };
      const post = { method: 'POST', token: as('depositor'), path: '/v1/uploads', body };
      await expectRefused(vault, post, 400, 'limit_exceeded', /files.1: expected at most/);
    }
  });
});

describe('challenges', () => {
  const login = (nonce: string) => {
    const { key, seed } = vault.prepared.machines.auditor;
    const message = signableMessage({ label: 'session', vault: vault.fingerprint, nonce });
    const body = { kind: 'principal', nonce, key, signature: toBase64url(ed25519.sign(message, seed)) };
    return { method: 'POST', path: '/v1/sessions', body };
  };

  test('a challenge is good once', async () => {
    const { nonce } = await vault.anonymous.challenge();
    const question = login(nonce);
    expect((await ask(vault.baseUrl, question)).status).toBe(200);
    await expectRefused(vault, question, 401, 'challenge_unknown', /ask for a new one/);
  });

  test('a login that is forged takes nothing from the challenge, nor from its owner', async () => {
    const { nonce } = await vault.anonymous.challenge();
    const question = login(nonce);
    const forged = { ...(question.body as object), signature: toBase64url(platformRandom(64)) };
    await expectRefused(vault, { ...question, body: forged }, 403, 'signature_invalid');
    expect((await ask(vault.baseUrl, question)).status).toBe(200);
  });

  test('a challenge is good for two minutes', async () => {
    const { nonce } = await vault.anonymous.challenge();
    passes(121_000);
    await expectRefused(vault, login(nonce), 401, 'challenge_unknown');
  });

  test('a challenge that was never given is none', async () => {
    await expectRefused(vault, login(DIGEST), 401, 'challenge_unknown');
  });

  test('a key that is not enrolled opens no session', async () => {
    const stranger = principalKey('auditor', 'stranger', platformRandom(32));
    const opening = principalLogin(stranger, vault.fingerprint)(vault.anonymous);
    await expect(opening).rejects.toThrow(expect.objectContaining({ code: 'principal_unknown' }));
  });

  test('a login for another vault is none here', async () => {
    const opening = principalLogin(vault.prepared.machines.auditor, DIGEST)(vault.anonymous);
    await expect(opening).rejects.toThrow(expect.objectContaining({ code: 'signature_invalid' }));
  });

  test('a caller who asks for many challenges keeps no other caller from signing in', async () => {
    const { nonce } = await vault.anonymous.challenge();
    for (let i = 0; i < 20_000; i++) vault.daemon.context.challenges.issue();
    expect((await ask(vault.baseUrl, login(nonce))).status).toBe(200);
  });
});
