import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Api } from '../../../client/api/api.ts';
import { loadBundle } from '../../../client/console/server/bundle.ts';
import { problemOf } from '../../../client/console/server/door.ts';
import { ConsoleOpening } from '../../../client/console/server/opening.ts';
import { type ConsoleOptions, consoleApp, startConsole } from '../../../client/console/server.ts';
import { TwinlockError } from '../../../src/core/errors.ts';

const RP_ID = 'tl-abcdefgh01234567.localhost';
const HOST = `${RP_ID}:7474`;
const ORIGIN = `http://${HOST}`;
const VAULT = 'ab'.repeat(32);
const DIGEST = 'cd'.repeat(32);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'twinlock-console-'));
  mkdirSync(join(dir, 'bundle/assets'), { recursive: true });
  writeFileSync(
    join(dir, 'bundle/index.html'),
    '<script type="module" crossorigin src="/assets/a.js"></script><link rel="stylesheet" href="/assets/a.css">',
  );
  writeFileSync(join(dir, 'bundle/assets/a.js'), 'export {};');
  writeFileSync(join(dir, 'bundle/assets/a.js.map'), '{}');
  writeFileSync(join(dir, 'bundle/assets/a.css'), 'body{}');
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Seen {
  readonly url: string;
  readonly init: RequestInit;
}

/** A console in front of a vault that answers everything the same, and what the vault saw. */
function open(
  answer: () => Response | Promise<Response> = () => Response.json({ rpId: RP_ID }),
  more: Partial<ConsoleOptions> = {},
) {
  const seen: Seen[] = [];
  const options: ConsoleOptions = {
    vault: new URL('https://vault.example:8443/'),
    ca: null,
    certificate: null,
    invited: null,
    configPath: '/none/config.json',
    fingerprint: VAULT,
    port: 0,
    bundleDir: join(dir, 'bundle'),
    stateDir: mkdtempSync(join(dir, 'state-')),
    fromGenesis: false,
    fetch: async (url, init) => {
      seen.push({ url: String(url), init: init ?? {} });
      return answer();
    },
    ...more,
  };
  const opening = new ConsoleOpening(options.invited?.invitation ?? null);
  const app = consoleApp(options, HOST, loadBundle(options.bundleDir), opening);
  const ask = (path: string, { headers, ...init }: RequestInit = {}) =>
    app.request(`${ORIGIN}${path}`, {
      ...init,
      headers: {
        host: HOST,
        ...(path === '/' ? VISIT : FETCH),
        ...(path.startsWith('/local/') ? { 'twinlock-console-key': opening.key } : {}),
        ...lengthOf(init),
        ...(headers as Record<string, string>),
      },
    });
  return { options, ask, seen, opening };
}

/** As every client that has the whole body says it. */
function lengthOf({ body }: RequestInit): Record<string, string> {
  if (body === undefined || body === null) return {};
  return { 'content-length': String(typeof body === 'string' ? Buffer.byteLength(body) : (body as Uint8Array).length) };
}

/** What a browser says of a visit to the page, and of what the page fetches. */
const VISIT = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const FETCH = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
/** Why no vault is reached, by the system's name for it, and what a person reads. */
const UNREACHED = [
  ['ECONNREFUSED', 'see whether twinlockd runs there'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'give --ca FILE: the tls.crt that twinlockd init wrote'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'names other hosts than this one'],
  ['CERT_HAS_EXPIRED', 'is not valid at this time'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS as a vault does'],
] as const;
const failingWith = (reason: string) => () =>
  Promise.reject(new TypeError('fetch failed', { cause: { code: reason } }));
/** Every route that is forwarded. */
const ROUTES = [
  ['GET', '/v1/vault'],
  ['POST', '/v1/challenges'],
  ['POST', '/v1/sessions'],
  ['DELETE', '/v1/sessions'],
  ['GET', '/v1/invitation'],
  ['POST', '/v1/enrolments'],
  ['GET', '/v1/genesis'],
  ['POST', '/v1/genesis/signatures'],
  ['GET', '/v1/status'],
  ['GET', '/v1/log/checkpoint'],
  ['GET', '/v1/log/entries?from=0'],
  ['GET', '/v1/proposals'],
  ['POST', '/v1/proposals'],
  ['GET', `/v1/proposals/${DIGEST}`],
  ['POST', `/v1/proposals/${DIGEST}/approvals`],
  ['GET', `/v1/versions/${DIGEST}/envelopes`],
  ['POST', '/v1/custody'],
  ['POST', '/v1/stops'],
] as const;

async function codeOf(answer: Response): Promise<[number, string]> {
  return [answer.status, ((await answer.json()) as { code: string }).code];
}

describe('that the vault was not reached', () => {
  it('is said in a header where the connection was refused, so that nothing was sent', async () => {
    const { ask } = open(failingWith('ECONNREFUSED'));
    const answer = await ask('/v1/vault');
    expect(answer.headers.get('twinlock-vault')).toBe('not-reached');
    expect(await codeOf(answer)).toEqual([502, 'unavailable']);
  });

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'DEPTH_ZERO_SELF_SIGNED_CERT'])(
    'is not said of a request that the vault may have, or of one that was refused otherwise: %s',
    async (reason) => {
      const answer = await open(failingWith(reason)).ask('/v1/vault');
      expect(answer.headers.get('twinlock-vault')).toBeNull();
    },
  );

  it('is never said by a vault', async () => {
    const headers = { 'twinlock-vault': 'not-reached' };
    const { ask } = open(() =>
      Response.json({ code: 'unavailable', message: 'm', detail: {} }, { status: 502, headers }),
    );
    const answer = await ask('/v1/vault');
    expect(await codeOf(answer)).toEqual([502, 'unavailable']);
    expect(answer.headers.get('twinlock-vault')).toBeNull();
  });
});

describe('the door', () => {
  it.each([`localhost:7474`, '127.0.0.1:7474', RP_ID, `evil.example:7474`, `${HOST}.evil.example`, ''])(
    'refuses the host %j',
    async (host) => {
      const { ask, seen } = open();
      expect(await codeOf(await ask('/v1/vault', { headers: { host } }))).toEqual([421, 'wrong_origin']);
      expect(seen).toEqual([]);
    },
  );

  it.each([undefined, 'null', 'http://evil.example', `http://${RP_ID}`, `https://${HOST}`])(
    'refuses a change from the origin %j',
    async (origin) => {
      const { ask, seen } = open();
      const headers: Record<string, string> = origin === undefined ? {} : { origin };
      for (const [method, path] of [
        ['POST', '/v1/stops'],
        ['DELETE', '/v1/sessions'],
        ['PUT', `/local/checkpoint/${VAULT}`],
      ]) {
        expect(await codeOf(await ask(path as string, { method: method as string, headers }))).toEqual([
          403,
          'wrong_origin',
        ]);
      }
      expect(seen).toEqual([]);
    },
  );

  it('refuses to be read by another origin', async () => {
    expect((await open().ask('/v1/vault', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
  });

  it.each(['cross-site', 'same-site'])('refuses what a page of another site loads (%s)', async (site) => {
    const { ask } = open();
    const headers = { 'sec-fetch-site': site };
    expect(await codeOf(await ask('/v1/vault', { headers }))).toEqual([403, 'wrong_origin']);
    expect((await ask('/', { headers: { ...headers, 'sec-fetch-dest': 'iframe' } })).status).toBe(403);
    expect((await ask('/assets/a.js', { headers: { ...headers, 'sec-fetch-dest': 'script' } })).status).toBe(403);
  });

  it('lets a link in another site lead to the page', async () => {
    const headers = { ...VISIT, 'sec-fetch-site': 'cross-site' };
    expect((await open().ask('/', { headers })).status).toBe(200);
  });

  it.each(ROUTES)('refuses to be led to %s %s, also by its own page', async (method, path) => {
    const { ask, seen } = open(() => new Response('<h1>hello</h1>', { headers: { 'content-type': 'text/html' } }));
    const headers = { ...VISIT, 'sec-fetch-site': 'same-origin', origin: ORIGIN };
    expect(await codeOf(await ask(path, { method, headers }))).toEqual([403, 'not_permitted']);
    expect(seen).toEqual([]);
  });

  it.each([
    'document',
    'iframe',
    'frame',
    'embed',
    'object',
    'script',
    'style',
    'image',
    'font',
    'manifest',
    'worker',
    'sharedworker',
    'serviceworker',
    'audioworklet',
    'xslt',
    'report',
  ])('answers for the vault nothing that is to be a %s', async (destination) => {
    const { ask, seen } = open();
    for (const mode of ['navigate', 'no-cors', 'cors', 'same-origin']) {
      const headers = { ...FETCH, 'sec-fetch-dest': destination, 'sec-fetch-mode': mode };
      expect(await codeOf(await ask('/v1/vault', { headers }))).toEqual([403, 'not_permitted']);
      expect((await ask('/local/config', { headers })).status).toBe(403);
    }
    expect(seen).toEqual([]);
  });

  it.each([
    ['/', { ...VISIT, 'sec-fetch-dest': 'serviceworker' }],
    ['/', { ...VISIT, 'sec-fetch-mode': 'cors' }],
    ['/assets/a.js', { ...FETCH, 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin' }],
    ['/assets/a.js', { ...FETCH, 'sec-fetch-dest': 'worker', 'sec-fetch-mode': 'same-origin' }],
    ['/assets/a.js', { ...VISIT, 'sec-fetch-site': 'same-origin' }],
    ['/icon.svg', { ...VISIT, 'sec-fetch-site': 'same-origin' }],
  ])('answers %s for its one purpose, not for %j', async (path, headers) => {
    expect(await codeOf(await open().ask(path, { headers }))).toEqual([403, 'not_permitted']);
  });

  it('answers nothing that does not say what it is for', async () => {
    const { options } = open();
    const app = consoleApp(options, HOST, loadBundle(options.bundleDir), new ConsoleOpening(null));
    for (const path of ['/', '/v1/vault', '/local/config', '/assets/a.js']) {
      expect((await app.request(`${ORIGIN}${path}`, { headers: { host: HOST } })).status).toBe(403);
    }
  });
});

/** Everything that reads or changes what this workstation has. */
const LOCAL = [
  ['GET', '/local/config'],
  ['GET', `/local/configuration/${DIGEST}`],
  ['PUT', `/local/configuration/${DIGEST}`],
  ['GET', `/local/checkpoint/${VAULT}`],
  ['PUT', `/local/checkpoint/${VAULT}`],
  ['GET', '/local/credentials'],
  ['POST', '/local/credentials'],
  ['GET', `/local/stop-kit/${VAULT}`],
  ['PUT', `/local/stop-kit/${VAULT}`],
  ['GET', '/local/besides'],
  ['GET', '/local/none'],
] as const;

describe('another user of the workstation, who sends every header that a browser sends', () => {
  const besides = new Hono().get('/local/besides', (c) => c.json({}));
  const foreign = () => {
    const configPath = join(mkdtempSync(join(dir, 'config-')), 'config.json');
    writeFileSync(configPath, '{"vault":"https://other.example"}', { mode: 0o600 });
    return open(undefined, { fingerprint: null, configPath, besides });
  };

  it.each(LOCAL)('is refused %s %s without the key of the console, or with another', async (method, path) => {
    const { ask, options, opening } = foreign();
    for (const key of ['', new ConsoleOpening(null).key, opening.once, `${opening.key}A`]) {
      const headers = { origin: ORIGIN, 'twinlock-console-key': key };
      const body = method === 'GET' ? null : JSON.stringify({ size: 999_999_999, root: DIGEST, replaces: null });
      const answer = await ask(path, { method, headers, body });
      expect(answer.status).toBe(403);
      const told = { code: 'not_permitted', message: expect.stringContaining('open the whole address') };
      expect(await answer.json()).toMatchObject(told);
    }
    expect(readdirSync(options.stateDir)).toEqual([]);
    expect(readFileSync(options.configPath, 'utf8')).toBe('{"vault":"https://other.example"}');
  });

  it('is not refused as the page is, which has the key', async () => {
    const { ask } = foreign();
    for (const [method, path] of LOCAL.filter(([method, path]) => method === 'GET' && path !== '/local/none')) {
      expect((await ask(path, { method })).status).toBe(200);
    }
  });

  it('opens nothing with the address that a browser was started with, once the page has opened it', async () => {
    const { ask, opening } = foreign();
    const take = (once: string) => {
      const headers = { origin: ORIGIN, 'twinlock-console-key': '' };
      return ask('/local/opening', { method: 'POST', headers, body: JSON.stringify({ once }) });
    };
    expect(await codeOf(await take(opening.key))).toEqual([400, 'not_permitted']);
    expect(await (await take(opening.once)).json()).toEqual({ key: opening.key, invitation: null });
    expect(await codeOf(await take(opening.once))).toEqual([400, 'not_permitted']);
  });
});

it('the configuration of the command line is nothing that a console reads or writes which has a fingerprint', async () => {
  const { ask } = open();
  for (const vault of [VAULT, DIGEST]) {
    expect(await codeOf(await ask(`/local/configuration/${vault}`))).toEqual([404, 'not_found']);
    const headers = { origin: ORIGIN };
    const put = ask(`/local/configuration/${vault}`, { method: 'PUT', headers, body: '{"replaces":null}' });
    expect(await codeOf(await put)).toEqual([404, 'not_found']);
  }
});

describe('the page', () => {
  it('is served with the digests of its files, under a policy that lets only these run', async () => {
    const { ask } = open();
    const answer = await ask('/');
    const html = await answer.text();
    const integrity = /src="\/assets\/a\.js" integrity="(sha384-[A-Za-z0-9+/]{64})"/.exec(html)?.[1];
    expect(integrity).toBeDefined();
    expect(html).toContain('<style>body{}</style>');
    expect(html).not.toContain('<link');
    const style = createHash('sha384').update('body{}').digest('base64');
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toContain(`script-src '${integrity}'; style-src 'sha384-${style}';`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('carries the policy on refusals too', async () => {
    const answer = await open().ask('/v1/vault', { headers: { host: 'evil.example' } });
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  it('is refused where its style sheet would end before its end', () => {
    const broken = mkdtempSync(join(dir, 'broken-'));
    mkdirSync(join(broken, 'assets'));
    writeFileSync(join(broken, 'index.html'), '<link rel="stylesheet" crossorigin href="/assets/a.css">');
    writeFileSync(join(broken, 'assets/a.css'), 'a::after{content:"</style><h1>"}');
    expect(() => loadBundle(broken)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  it.each([
    '/index.html',
    '/assets/a.css',
    '/assets/a.js.map',
    '/assets/../server.ts',
    '/assets/%2e%2e/index.html',
    '/.git/config',
  ])('does not serve %s', async (path) => {
    expect((await open().ask(path)).status).toBe(404);
  });

  it('is refused where it has not been built', () => {
    expect(() => loadBundle(join(dir, 'nowhere'))).toThrow(expect.objectContaining({ code: 'not_found' }));
  });
});

describe('what is forwarded', () => {
  const own = { origin: ORIGIN };
  /** What a vault could send along to have its say in the console's origin. */
  const HOSTILE = {
    'content-type': 'text/html; charset=utf-8',
    'content-disposition': 'inline',
    'content-security-policy': 'script-src *; sandbox allow-same-origin allow-scripts',
    'set-cookie': 'a=b; Path=/',
    link: '</v1/status>; rel="stylesheet", </v1/genesis>; rel="modulepreload"',
    refresh: '0; url=/v1/status',
    location: '/v1/status',
    'content-location': '/',
    'clear-site-data': '"*"',
    'service-worker-allowed': '/',
    'access-control-allow-origin': '*',
    'access-control-allow-credentials': 'true',
    'cross-origin-resource-policy': 'cross-origin',
    'cross-origin-opener-policy': 'unsafe-none',
    'cross-origin-embedder-policy': 'unsafe-none',
    'x-content-type-options': '',
    'x-frame-options': 'ALLOWALL',
    'permissions-policy': 'camera=*',
    'www-authenticate': 'Basic realm="your PIN"',
    'strict-transport-security': 'max-age=1',
    'alt-svc': 'h3="evil.example:443"',
    nel: '{}',
    'report-to': '{}',
    'reporting-endpoints': 'a="https://evil.example/"',
    sourcemap: '/v1/status',
    'speculation-rules': '"/v1/status"',
    'no-vary-search': 'params',
    'cache-control': 'max-age=31536000, immutable',
    etag: '"x"',
    age: '1',
    server: 'x',
    'x-anything': 'y',
  };
  /** All that the page is ever answered with, for every answer of the vault. */
  const OURS = [
    'cache-control',
    'content-disposition',
    'content-security-policy',
    'content-type',
    'cross-origin-embedder-policy',
    'cross-origin-opener-policy',
    'cross-origin-resource-policy',
    'integrity-policy',
    'permissions-policy',
    'referrer-policy',
    'x-content-type-options',
    'x-frame-options',
  ];

  it.each(ROUTES)('has none of the vault’s headers and a type of our own: %s %s', async (method, path) => {
    for (const status of [200, 201, 400, 401, 500]) {
      const { ask } = open(() => new Response('{"a":"<script>"}', { status, headers: HOSTILE }));
      const answer = await ask(path, { method, headers: own });
      expect(answer.status).toBe(status);
      expect([...answer.headers.keys()].sort()).toEqual(OURS);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/);
      expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox; frame-ancestors 'none'");
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it.each([
    '<!doctype html><h1>Release</h1>',
    'body{display:none}',
    'export {};',
    '',
    '{"a":1',
    `${'['.repeat(65)}${']'.repeat(65)}`,
    new Uint8Array([0x22, 0xff, 0x22]),
  ])('is JSON or nothing: not %j', async (body) => {
    const { ask } = open(() => new Response(body, { headers: HOSTILE }));
    const answer = await ask('/v1/vault', { headers: own });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await codeOf(answer)).toEqual([502, 'unavailable']);
  });

  it('is nothing where the vault has nothing to say', async () => {
    const { ask } = open(() => new Response(null, { status: 204, headers: HOSTILE }));
    const answer = await ask('/v1/sessions', { method: 'DELETE', headers: own });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('ends where the vault does not', async () => {
    const piece = new Uint8Array(1 << 20).fill(0x20);
    let pieces = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces++;
        controller.enqueue(piece);
      },
    });
    const { ask } = open(() => new Response(endless));
    expect(await codeOf(await ask('/v1/log/entries', { headers: own }))).toEqual([413, 'too_large']);
    expect(pieces).toBeLessThan(132);
  });

  it('goes to the vault without cookies and without what the browser says of itself', async () => {
    const { ask, seen } = open(() => Response.json({ nonce: '1' }, { headers: { 'set-cookie': 'a=b', server: 'x' } }));
    const headers = {
      ...own,
      cookie: 'a=b',
      authorization: 'Bearer t',
      'content-type': 'application/json',
      'user-agent': 'u',
    };
    const answer = await ask(`/v1/proposals/${DIGEST}/approvals`, { method: 'POST', headers, body: '{"a":1}' });
    expect(await answer.json()).toEqual({ nonce: '1' });
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(answer.headers.get('server')).toBeNull();
    const [sent] = seen;
    expect(sent?.url).toBe(`https://vault.example:8443/v1/proposals/${DIGEST}/approvals`);
    expect(Object.fromEntries(sent?.init.headers as Headers)).toEqual({
      authorization: 'Bearer t',
      'content-type': 'application/json',
    });
    expect(new TextDecoder().decode(sent?.init.body as ArrayBuffer)).toBe('{"a":1}');
  });

  it('keeps the query', async () => {
    const { ask, seen } = open();
    await ask('/v1/log/entries?from=3&limit=10', { headers: own });
    expect(seen[0]?.url).toBe('https://vault.example:8443/v1/log/entries?from=3&limit=10');
  });

  it.each([
    ['POST', '/v1/requests'],
    ['POST', '/v1/uploads'],
    ['GET', `/v1/weights/${DIGEST}/0`],
    ['GET', '/openapi.json'],
    ['PUT', '/v1/vault'],
    ['GET', '/v1/proposals/..%2f..%2fadmin'],
    ['GET', '/v1/proposals/ABCD'],
    ['GET', '//evil.example/v1/vault'],
  ])('is not %s %s', async (method, path) => {
    const { ask, seen } = open();
    expect(await codeOf(await ask(path, { method, headers: own }))).toEqual([404, 'not_found']);
    expect(seen).toEqual([]);
  });

  it.each([
    ['/v1/challenges', 16 << 10],
    ['/v1/sessions', 16 << 10],
    ['/v1/enrolments', 256 << 10],
    ['/v1/genesis/signatures', 256 << 10],
    ['/v1/proposals', (1 << 20) * 1.5 + (256 << 10)],
    [`/v1/proposals/${DIGEST}/approvals`, 256 << 10],
    ['/v1/custody', 256 << 10],
    ['/v1/stops', 16 << 10],
  ])('is refused where it has more bytes than the vault takes: %s', async (path, maxBytes) => {
    const { ask, seen } = open();
    const post = (bytes: number) => ask(path, { method: 'POST', headers: own, body: new Uint8Array(bytes) });
    expect(await codeOf(await post(maxBytes + 1))).toEqual([413, 'too_large']);
    expect(seen).toEqual([]);
    expect((await post(maxBytes)).status).toBe(200);
  });

  it.each(['/v1/stops', '/local/credentials'])('is refused where its length is not said: %s', async (path) => {
    const { ask, seen } = open();
    const asked = ask(path, { method: 'POST', headers: { ...own, 'transfer-encoding': 'chunked' } });
    expect(await codeOf(await asked)).toEqual([400, 'malformed']);
    expect(seen).toEqual([]);
  });

  it('fails with its cause on the terminal, and none of it on the page', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const app = new Hono().onError((error, c) => problemOf(c, error));
    app.get('/', () => {
      throw new Error('a fault of ours');
    });
    const answer = await app.request('/');
    const said = written.mock.calls.map(([text]) => String(text)).join('');
    written.mockRestore();
    const told = { code: 'internal', message: 'the console failed; see its terminal', detail: {} };
    expect(await answer.json()).toEqual(told);
    expect(said).toMatch(/^the console failed: Error: a fault of ours\n +at /);
  });

  it.each([301, 302, 303, 307, 308, 304, 300])(
    'keeps the vault to answers: a redirect is none (%i)',
    async (status) => {
      const { ask } = open(() => new Response(null, { status, headers: { location: 'https://evil.example/' } }));
      const answer = await ask('/v1/vault', { headers: own });
      expect(answer.headers.get('location')).toBeNull();
      expect(await codeOf(answer)).toEqual([502, 'unavailable']);
    },
  );

  it.each(UNREACHED)('says why the vault is not reached (%s), as every command does', async (reason, said) => {
    const { ask } = open(failingWith(reason));
    const answer = await ask('/v1/vault', { headers: own });
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ code: 'unavailable', message: expect.stringContaining(said) });
  });

  it('hands on the status and body of a refusal', async () => {
    const { ask } = open(() => Response.json({ code: 'unauthenticated', message: 'm', detail: {} }, { status: 401 }));
    expect(await codeOf(await ask('/v1/status', { headers: own }))).toEqual([401, 'unauthenticated']);
  });
});

describe('the checkpoint', () => {
  const put = (ask: ReturnType<typeof open>['ask'], body: unknown, vault = VAULT) =>
    ask(`/local/checkpoint/${vault}`, {
      method: 'PUT',
      headers: { origin: ORIGIN, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const checkpoint = (size: number, digit = 'a') => ({ size, root: digit.repeat(64) });

  it('is null before one was kept, and then the furthest, of each vault its own', async () => {
    const { ask, options } = open();
    const kept = async (vault: string) => (await ask(`/local/checkpoint/${vault}`)).json();
    expect(await kept(VAULT)).toEqual({ checkpoint: null });
    expect((await put(ask, checkpoint(3))).status).toBe(204);
    expect((await put(ask, checkpoint(3))).status).toBe(204);
    expect((await put(ask, checkpoint(7, 'b'))).status).toBe(204);
    expect(await kept(VAULT)).toEqual({ checkpoint: checkpoint(7, 'b') });
    expect(await kept(DIGEST)).toEqual({ checkpoint: null });
    expect(statSync(join(options.stateDir, `${VAULT}.json`)).mode & 0o777).toBe(0o600);
  });

  it('does not go backwards, and has one root a size', async () => {
    const { ask } = open();
    await put(ask, checkpoint(7));
    expect(await codeOf(await put(ask, checkpoint(6)))).toEqual([409, 'rolled_back']);
    expect(await codeOf(await put(ask, checkpoint(7, 'b')))).toEqual([409, 'rolled_back']);
  });

  it('ends at the furthest where two pages keep at once', async () => {
    const { ask } = open();
    await Promise.all([5, 9, 8].map((size) => put(ask, checkpoint(size))));
    expect(await (await ask(`/local/checkpoint/${VAULT}`)).json()).toEqual({ checkpoint: checkpoint(9) });
  });

  it.each([['{'], [{}], [{ size: 0, root: 'a'.repeat(64) }], [{ ...checkpoint(1), more: 1 }], [[]]])(
    'is not %j',
    async (body) => {
      expect(await codeOf(await put(open().ask, body))).toEqual([400, 'malformed']);
    },
  );

  it('is refused where its file is damaged', async () => {
    const { ask, options } = open();
    writeFileSync(join(options.stateDir, `${VAULT}.json`), '{"size":1}', { mode: 0o600 });
    expect((await ask(`/local/checkpoint/${VAULT}`)).status).toBe(400);
  });
});

describe('the kept state of a log', () => {
  const put = (ask: ReturnType<typeof open>['ask'], body: unknown) =>
    ask(`/local/state/${VAULT}`, {
      method: 'PUT',
      headers: { origin: ORIGIN, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('is null before one was kept, and then the last, for this user alone', async () => {
    const { ask, options } = open();
    const kept = async () => (await ask(`/local/state/${VAULT}`)).json();
    expect(await kept()).toEqual({ kept: null });
    for (const text of ['one', 'another “one”\n{}']) {
      expect((await put(ask, { kept: text })).status).toBe(204);
      expect(await kept()).toEqual({ kept: text });
    }
    expect(statSync(join(options.stateDir, `${VAULT}.state`)).mode & 0o777).toBe(0o600);
  });

  it.each([[{}], [{ kept: 7 }], [{ kept: 'one', more: 1 }]])('is not %j', async (body) => {
    expect(await codeOf(await put(open().ask, body))).toEqual([400, 'malformed']);
  });

  it('is not given to the page of a console that was started with --from-genesis', async () => {
    const { ask } = open(undefined, { fromGenesis: true });
    await put(ask, { kept: 'one' });
    expect(await (await ask(`/local/state/${VAULT}`)).json()).toEqual({ kept: null });
  });
});

describe('the credentials of this workstation', () => {
  const credential = (id: string) => ({
    credential: id,
    keyEpoch: 1,
    name: 'ana',
    keyName: 'blue',
    person: null,
    enrolment: null,
  });
  const post = (ask: ReturnType<typeof open>['ask'], body: unknown) =>
    ask('/local/credentials', { method: 'POST', headers: { origin: ORIGIN }, body: JSON.stringify(body) });

  it('are kept, each once, the latest first', async () => {
    const { ask } = open();
    for (const id of ['AAAA', 'BBBB', 'AAAA']) expect((await post(ask, credential(id))).status).toBe(204);
    expect(await (await ask('/local/credentials')).json()).toEqual({
      credentials: [credential('AAAA'), credential('BBBB')],
    });
  });

  it('are at most 64', async () => {
    const { ask } = open();
    for (let i = 0; i < 66; i++) await post(ask, credential(`AA${i.toString().padStart(2, '0')}`));
    const { credentials } = (await (await ask('/local/credentials')).json()) as {
      credentials: { credential: string }[];
    };
    expect(credentials).toHaveLength(64);
    expect(credentials[0]?.credential).toBe('AA65');
  });

  it.each([[{}], [credential('*')], [{ ...credential('AAAA'), name: '\u202e' }]])('are not %j', async (body) => {
    expect(await codeOf(await post(open().ask, body))).toEqual([400, 'malformed']);
  });

  it('are refused over 4 KiB', async () => {
    expect(await codeOf(await post(open().ask, credential('A'.repeat(5000))))).toEqual([413, 'too_large']);
  });
});

describe('what a stop needs', () => {
  const kit = (size: number, more = {}) => ({
    v: 1,
    kind: 'twinlock-stop-kit',
    vault: VAULT,
    rpId: RP_ID,
    grade: 'production',
    size,
    verified: 1767222000000,
    resumption: null,
    custodians: [{ person: 'ab'.repeat(16), name: 'ana', keys: [{ credential: 'AAAA', name: 'blue', keyEpoch: 1 }] }],
    ...more,
  });
  const path = `/local/stop-kit/${VAULT}`;
  const put = (ask: ReturnType<typeof open>['ask'], body: unknown) =>
    ask(path, { method: 'PUT', headers: { origin: ORIGIN }, body: JSON.stringify(body) });
  const kept = async (ask: ReturnType<typeof open>['ask']) =>
    ((await (await ask(path)).json()) as { kit: unknown }).kit;
  const file = ({ stateDir }: ConsoleOptions) => join(stateDir, `stop-kit-${VAULT}.json`);

  it('is null before anybody has followed the vault, and then that of the longest log', async () => {
    const { ask, options } = open();
    expect(await kept(ask)).toBeNull();
    await Promise.all([3, 9, 8].map(async (size) => expect((await put(ask, kit(size))).status).toBe(204)));
    expect(await kept(ask)).toEqual(kit(9));
    expect((await put(ask, kit(9, { verified: 1767222000001 }))).status).toBe(204);
    expect(await kept(ask)).toEqual(kit(9, { verified: 1767222000001 }));
    expect(statSync(file(options)).mode & 0o777).toBe(0o600);
    expect(readdirSync(options.stateDir)).toEqual([`stop-kit-${VAULT}.json`]);
  });

  it.each([
    [{}, 'malformed'],
    [kit(0), 'malformed'],
    [kit(1, { more: 1 }), 'malformed'],
    [kit(1, { rpId: 'vault.example' }), 'malformed'],
    [kit(1, { custodians: Array.from({ length: 33 }, () => kit(1).custodians[0]) }), 'malformed'],
    [kit(1, { vault: DIGEST }), 'wrong_vault'],
  ])('is not %j', async (body, code) => {
    const { ask, options } = open();
    expect(await codeOf(await put(ask, body))).toEqual([400, code]);
    expect(existsSync(file(options))).toBe(false);
  });

  it('is refused over 256 KiB, and has room for every key of the largest committee', async () => {
    const { ask } = open();
    expect(await codeOf(await put(ask, kit(1, { kind: 'x'.repeat(256 * 1024) })))).toEqual([413, 'too_large']);
    const keys = Array.from({ length: 4 }, (_, i) => ({
      credential: `${'A'.repeat(1360)}AAA${i}`,
      name: `${'猫'.repeat(63)}${i}`,
      keyEpoch: 1,
    }));
    const custodians = Array.from({ length: 32 }, () => ({ person: 'ab'.repeat(16), name: 'ana', keys }));
    expect((await put(ask, kit(1, { custodians }))).status).toBe(204);
    expect(await kept(ask)).toEqual(kit(1, { custodians }));
  });

  it('is refused where its file was torn at any place, and is made anew by the next', async () => {
    const { ask, options } = open();
    await put(ask, kit(5));
    const whole = readFileSync(file(options), 'utf8');
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file(options), whole.slice(0, length));
      expect(await codeOf(await ask(path))).toEqual([400, 'malformed']);
    }
    expect((await put(ask, kit(4))).status).toBe(204);
    expect(await kept(ask)).toEqual(kit(4));
  });

  it('is refused where its file is another vault’s, too large, or of others to read', async () => {
    const { ask, options } = open();
    await put(ask, kit(5));
    const whole = readFileSync(file(options), 'utf8');
    writeFileSync(file(options), whole.replace(VAULT, DIGEST));
    expect(await codeOf(await ask(path))).toEqual([400, 'wrong_vault']);
    writeFileSync(file(options), whole.padEnd(256 * 1024 + 1));
    expect(await codeOf(await ask(path))).toEqual([413, 'too_large']);
    writeFileSync(file(options), whole);
    chmodSync(file(options), 0o644);
    expect(await codeOf(await ask(path))).toEqual([400, 'not_permitted']);
  });

  it('opens the console under the RP ID of the genesis, for every answer of the vault and for none', async () => {
    for (const answer of [
      () => Promise.reject(new TypeError('fetch failed')),
      () => Response.json({ code: 'rate_limited', message: 'm', detail: {} }, { status: 429 }),
      () => Response.json({ rpId: 'tl-0000000000000000.localhost' }),
    ]) {
      const { ask, options, seen } = open(answer);
      await put(ask, kit(5));
      const running = await startConsole(options);
      expect(running.url.hostname).toBe(RP_ID);
      expect(seen).toEqual([]);
      await running.close();
    }
  });
});

/** A connection that says nothing. */
function silent(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(socket));
    socket.on('error', () => undefined);
  });
}

/** The status that a visit to the page has. */
function visit({ host, port }: URL, address = '127.0.0.1', named = host): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port, path: '/', headers: { host: named, ...VISIT } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', reject).end();
  });
}

/** A vault that answers the end of a session with nothing, as a real one does. */
function endingSessions(fetch: ConsoleOptions['fetch']): ConsoleOptions['fetch'] {
  return async (url, init) => {
    const answer = await fetch(url, init);
    return init?.method === 'DELETE' ? new Response(null, { status: 204 }) : answer;
  };
}

describe('a running console', () => {
  it("answers on both loopback addresses under the vault's RP ID, and nowhere else", async () => {
    const { options } = open();
    const running = await startConsole(options);
    expect(running.url.hostname).toBe(RP_ID);
    expect(running.address.href).toMatch(/^http:[^#]*\/#key=[A-Za-z0-9_-]{43}$/);
    expect(running.addressOnce.href).toMatch(/^http:[^#]*\/#open=[A-Za-z0-9_-]{43}$/);
    expect(await visit(running.url)).toBe(200);
    expect(await visit(running.url, '::1')).toBe(200);
    expect(await visit(running.url, '127.0.0.1', `127.0.0.1:${running.url.port}`)).toBe(421);
    await expect(startConsole({ ...options, port: Number(running.url.port) })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('name another --port'),
    });
    await running.close();
    await expect(visit(running.url)).rejects.toThrow();
  });

  it('ends the session of who signs out, in a request without a length', async () => {
    const { options, seen } = open();
    const running = await startConsole({ ...options, fetch: endingSessions(options.fetch) });
    const { host, origin, port } = running.url;
    const ended = await new Promise((resolve, reject) => {
      const headers = { host, origin, ...FETCH };
      const asked = request({ host: '127.0.0.1', port, path: '/v1/sessions', method: 'DELETE', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.on('error', reject).end();
    });
    expect([ended, seen.at(-1)?.init.method]).toEqual([204, 'DELETE']);
    await running.close();
  });

  it('answers a newcomer while others hold all the connections that it has', async () => {
    const running = await startConsole(open().options);
    const port = Number(running.url.port);
    const held = await Promise.all(Array.from({ length: 200 }, () => silent(port)));
    expect(await visit(running.url)).toBe(200);
    // Those that were there first have given way.
    await vi.waitFor(() => expect(held.filter(({ closed }) => closed).length).toBeGreaterThan(70));
    for (const socket of held) socket.destroy();
    await running.close();
  });

  it.each([
    ['are sent before the first is answered', ''],
    ['expect what is not given', 'Expect: nothing\r\n'],
  ])('begins one of the requests that %s', async (_, header) => {
    const { options, seen } = open();
    const running = await startConsole(options);
    seen.length = 0;
    const socket = await silent(Number(running.url.port));
    const lines = ['GET /v1/vault HTTP/1.1', `Host: ${running.url.host}`];
    const said = Object.entries(FETCH).map(([name, value]) => `${name}: ${value}`);
    let answers = '';
    socket.on('data', (piece) => {
      answers += piece.toString();
    });
    const end = new Promise((resolve) => socket.on('close', resolve));
    socket.write(`${[...lines, ...said].join('\r\n')}\r\n${header}\r\n`.repeat(200));
    await end;
    expect(seen.length).toBeLessThanOrEqual(1);
    expect(answers.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(1);
    await running.close();
  });

  it.each([{}, null, { rpId: 'vault.example' }, { rpId: 'localhost' }])(
    'refuses a vault that says %j',
    async (status) => {
      const { options } = open(() => Response.json(status));
      await expect(startConsole(options)).rejects.toMatchObject({ code: 'malformed' });
    },
  );

  it.each([
    ...UNREACHED.map(([reason]) => [reason, failingWith(reason)] as const),
    ['another server', async () => new Response('not found', { status: 404 })] as const,
  ])('refuses to start with what status says of the vault (%s)', async (_, answer) => {
    const { options } = open(answer);
    const said: unknown = await new Api({ baseUrl: options.vault.origin, fetch: answer }).vault().catch((e) => e);
    const refusal: unknown = await startConsole(options).catch((e: unknown) => e);
    expect(refusal).toBeInstanceOf(TwinlockError);
    expect((refusal as TwinlockError).code).toBe((said as TwinlockError).code);
    expect((refusal as TwinlockError).message).toContain((said as TwinlockError).message);
  });

  it('refuses to start without the vault', async () => {
    const { options } = open(() => Promise.reject(new TypeError('fetch failed')));
    await expect(startConsole(options)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('this workstation keeps nothing that a stop needs'),
    });
  });
});
