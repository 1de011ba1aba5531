import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isCode } from '../../src/core/errors.ts';
import type { AccessLine } from '../../src/http/access-log.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { type Asker, ROUTES, type Route } from './routes.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let vault: Vault;
const lines: AccessLine[] = [];
const tokens = new Map<Asker, string>();
beforeAll(async () => {
  vault = await openVault({}, { accessLog: (line) => lines.push(line) });
  const { ben, depositor, requester, auditor } = vault;
  tokens.set('custodian', await vault.tokenOf(ben.api));
  tokens.set('depositor', await vault.tokenOf(depositor.api));
  tokens.set('requester', await vault.tokenOf(requester.api));
  tokens.set('auditor', await vault.tokenOf(auditor.api));
  tokens.set('invited', vault.prepared.invitations.ana);
  tokens.set('host', 'A'.repeat(43));
});
afterAll(() => vault.close());

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Sends text as it is, and reads until the other side ends. */
function raw(text: string): Promise<Answered> {
  const { hostname, port } = new URL(vault.baseUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
    const pieces: Buffer[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = Buffer.concat(pieces).toString().split('\r\n\r\n', 2);
      const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
      resolve({ status: Number(head.split(' ')[1]), type, body });
    });
  });
}

/** A refusal with a stable code, which is no failure of the vault's. */
async function expectProblem(text: string): Promise<void> {
  const { status, type, body } = await raw(text);
  const shown = text.slice(0, 300);
  expect(status, shown).toBeGreaterThanOrEqual(400);
  expect(status, shown).toBeLessThan(500);
  expect(type, shown).toContain('application/json');
  const problem = JSON.parse(body) as { readonly code: string };
  expect(isCode(problem.code), `${shown}: ${body}`).toBe(true);
}

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}
const textOf = ({ method, target, headers, body }: Sent) =>
  `${method} ${target} HTTP/1.1\r\n${[...headers, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;

function goodRequest(route: Route): Sent {
  const token = tokens.get(route.askers[0] ?? 'anonymous');
  const body = route.body === undefined || route.body instanceof Uint8Array ? '' : JSON.stringify(route.body);
  return {
    method: route.method,
    target: route.example,
    headers: [
      'Host: localhost',
      ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    ],
    body,
  };
}

const withType = (sent: Sent, type: string): Sent => ({
  ...sent,
  headers: sent.headers.map((header) => (header.startsWith('Content-Type') ? `Content-Type: ${type}` : header)),
});
const withBody = (sent: Sent, body: string): Sent => ({
  ...sent,
  body,
  headers: sent.headers.map((h) => (h.startsWith('Content-Length') ? `Content-Length: ${Buffer.byteLength(body)}` : h)),
});
const plus = (sent: Sent, ...more: string[]): Sent => ({ ...sent, headers: [...sent.headers, ...more] });
const swap = (text: string, from: string, to: string) => text.replace(from, () => to);

/** Broken in ways that no route is asked about. */
const OF_ANY: Readonly<Record<string, (sent: Sent) => string>> = {
  'a method that is none': (s) => textOf({ ...s, method: 'FETCH' }),
  'a method that the route does not have': (s) => textOf({ ...s, method: 'PATCH' }),
  TRACE: (s) => textOf({ ...s, method: 'TRACE', headers: ['Host: localhost'], body: '' }),
  OPTIONS: (s) => textOf({ ...s, method: 'OPTIONS' }),
  CONNECT: () => 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n',
  'another protocol': (s) => swap(textOf(s), 'HTTP/1.1', 'HTTP/9.9'),
  'no host': (s) => textOf({ ...s, headers: s.headers.filter((header) => !header.startsWith('Host')) }),
  'a host that is none': (s) => swap(textOf(s), 'Host: localhost', 'Host: a b/<c>'),
  'a target without a slash': (s) => textOf({ ...s, target: 'v1' }),
  'a target with a backslash': (s) => textOf({ ...s, target: `\\${s.target}` }),
  'an absolute target that is none': (s) => textOf({ ...s, target: 'http://[::bad/v1/vault' }),
  'a target with bad percent-encoding': (s) => textOf({ ...s, target: `${s.target}/%E0%A4%A` }),
  'a target of 20,000 characters': (s) => textOf({ ...s, target: `/${'a'.repeat(20_000)}` }),
  'headers of 20,000 characters': (s) => textOf(plus(s, `X-Long: ${'a'.repeat(20_000)}`)),
  'a header that is none': (s) => swap(textOf(s), 'Host:', 'Ho st:'),
  'a header with a control character': (s) => textOf(plus(s, 'X-Odd: \u0000')),
  'two lengths': (s) => textOf(plus(s, 'Content-Length: 1', 'Content-Length: 2')),
  'a length that is none': (s) => textOf(plus({ ...s, headers: ['Host: localhost'] }, 'Content-Length: x')),
  'a length below zero': (s) => textOf(plus({ ...s, headers: ['Host: localhost'] }, 'Content-Length: -1')),
  'a length and chunks': (s) => textOf(plus(s, 'Content-Length: 2', 'Transfer-Encoding: chunked')),
  'a transfer coding that is none': (s) => textOf(plus(s, 'Transfer-Encoding: nonsense')),
  'an expectation that is none': (s) => textOf(plus(s, 'Expect: a-miracle')),
};

/** Broken for a route that takes JSON. */
const OF_BODIES: Readonly<Record<string, (sent: Sent) => string>> = {
  'a type with an empty parameter': (s) => textOf(withType(s, 'application/json;')),
  'a type with a parameter without a value': (s) => textOf(withType(s, 'application/json; charset')),
  'a type with a comma': (s) => textOf(withType(s, 'application/json, text/plain')),
  'a type that only begins like it': (s) => textOf(withType(s, 'application/jsonseq')),
  'a vendor’s type': (s) => textOf(withType(s, 'application/vnd.x+json')),
  'a form': (s) => textOf(withType(s, 'multipart/form-data; boundary=x')),
  'an empty type': (s) => textOf(withType(s, '')),
  'another character set': (s) => textOf(withType(s, 'application/json; charset=utf-16')),
  'no type': (s) => textOf({ ...s, headers: s.headers.filter((header) => !header.startsWith('Content-Type')) }),
  'no JSON': (s) => textOf(withBody(s, '{')),
  'a number': (s) => textOf(withBody(s, '1')),
  'an array': (s) => textOf(withBody(s, '[]')),
  'deep JSON': (s) => textOf(withBody(s, '['.repeat(50_000) + ']'.repeat(50_000))),
  'a prototype': (s) => textOf(withBody(s, '{"__proto__":{"x":1}}')),
  'a lone surrogate': (s) => textOf(withBody(s, '{"\\ud800":1}')),
  'nothing but white space': (s) => textOf(withBody(s, '   ')),
  'a body in chunks': (s) =>
    `${textOf({ ...plus(s, 'Transfer-Encoding: chunked'), body: '' }).replace(/Content-Length: \d+\r\n/, '')}2\r\n{}\r\n0\r\n\r\n`,
};

/** Broken for a route with a query. */
const OF_QUERIES: Readonly<Record<string, (sent: Sent) => string>> = {
  'bad percent-encoding in a value': (s) => textOf({ ...s, target: s.target.replace(/=.*/, '=%E0%A4%A') }),
  'a lone percent sign': (s) => textOf({ ...s, target: s.target.replace(/=.*/, '=%') }),
  'bad percent-encoding in a name': (s) => textOf({ ...s, target: `${s.target}&%zz=1` }),
  'a name that every object has': (s) => textOf({ ...s, target: `${s.target}&__proto__=1` }),
  'a thousand names': (s) => textOf({ ...s, target: `${s.target}&${'a=1&'.repeat(1000)}` }),
};

describe.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  const sent = () => goodRequest(route);

  test('refuses every request that is broken, with a stable code and never as a failure', async () => {
    const hasJson = route.body !== undefined && !(route.body instanceof Uint8Array);
    const breaks = { ...OF_ANY, ...(hasJson ? OF_BODIES : {}), ...(route.example.includes('?') ? OF_QUERIES : {}) };
    for (const broken of Object.values(breaks)) await expectProblem(broken(sent()));
  });
});

test.each(['bytes=', 'bytes=-1', 'bytes=5-1,2', 'bytes=0-99999999999999999999', 'lines=1-2', 'bytes=1-0', '\u00e9'])(
  'a range %j is refused with a stable code',
  async (range) => {
    const route = ROUTES.find(({ path }) => path === '/v1/weights/{manifest}/{file}') as Route;
    await expectProblem(textOf(plus(goodRequest(route), `Range: ${range}`)));
  },
);

test('a body that breaks off is no failure of the vault’s', async () => {
  const before = lines.length;
  const { hostname, port } = new URL(vault.baseUrl);
  await new Promise<void>((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      socket.write(
        'POST /v1/challenges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      );
      setTimeout(() => socket.destroy(), 50);
    });
    socket.on('close', () => resolve());
  });
  await expect.poll(() => lines.slice(before).map(({ error }) => error)).toContain('cancelled');
});

test('an upgrade is an ordinary request here', async () => {
  const { status } = await raw(
    'GET /v1/vault HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
  );
  expect(status).toBe(200);
});

test('none of it has left a stack in the log, nor filled it', async () => {
  expect(lines.filter(({ status, error }) => status >= 500 || error instanceof Error)).toEqual([]);
  const refused = lines.filter(({ error }) => error === 'malformed');
  expect(refused.length).toBeGreaterThan(0);
  const route = ROUTES.find(({ path }) => path === '/v1/challenges') as Route;
  const before = lines.length;
  for (let i = 0; i < 200; i++) await raw(textOf(withType(goodRequest(route), 'application/json;')));
  expect(lines.length - before).toBeLessThanOrEqual(30);
});
