import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { selfSigned } from '../../src/http/certificate.ts';
import { readFoundersCa, refusalOf } from '../../src/tls/founders-trust.ts';
import { parseFounderFile } from '../../src/wire/founder-file.ts';
import { runProgram } from '../world/command-line.ts';
import { startProcess } from '../world/daemon-process.ts';
import { hasOpenssl, makeBrainpool } from './brainpool.ts';
import { type Authority, makeAuthority } from './company.ts';

vi.setConfig({ testTimeout: 60_000 });

const HOST = 'vault.example.org';
const URL_OF_VAULT = `https://${HOST}:8443`;

let folder: string;
let company: Authority;
let other: Authority;
let issued: { cert: string; key: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-vouched-'));
  [company, other] = [await makeAuthority(), await makeAuthority()];
  issued = await company.issue([HOST, '10.0.0.5', 'fd00::5']);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Of the company, in PEM. */
const itsAuthority = () => company.certificate;
function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('what a founder’s console would say of the certificate that is served', () => {
  test.each(['vault.example.org:8443', '10.0.0.5:8443', '[fd00::5]'])(
    'takes one of its authority at %s',
    async (at) => {
      expect(await refusalOf(issued, { url: `https://${at}`, ca: itsAuthority() })).toBeNull();
    },
  );

  test('takes the data folder’s own by itself', async () => {
    const { certificate, key } = await selfSigned([HOST], Date.now());
    expect(await refusalOf({ cert: certificate, key }, { url: URL_OF_VAULT, ca: certificate })).toBeNull();
  });

  test.each<[string, () => string | null, string, RegExp]>([
    ['another authority', () => other.certificate, URL_OF_VAULT, /^UNABLE_TO_/],
    ['what every machine trusts alone', () => null, URL_OF_VAULT, /^UNABLE_TO_/],
    ['another name', itsAuthority, 'https://vault.example.com:8443', /^ERR_TLS_CERT_ALTNAME_INVALID$/],
    ['another address', itsAuthority, 'https://10.0.0.6:8443', /^ERR_TLS_CERT_ALTNAME_INVALID$/],
  ])('refuses it by %s', async (_, trusted, url, reason) => {
    expect(await refusalOf(issued, { url, ca: trusted() })).toMatch(reason);
  });
});

describe('the certificates for the founders’ files', () => {
  test('are all of the file, and nothing else that is in it', () => {
    const both = put('both.pem', `# company\n${itsAuthority()}${issued.key}${other.certificate}`);
    const pem = readFoundersCa(both);
    expect(pem.match(/BEGIN/g)).toHaveLength(2);
    expect(pem).not.toContain('PRIVATE');
  });

  test.each([
    ['a server’s certificate, which vouches for none', () => issued.cert, 'malformed'],
    ['no certificate', () => issued.key, 'malformed'],
    ['more than a founder’s file holds', () => itsAuthority().repeat(100), 'too_large'],
  ] as const)('are refused where there is %s', (_, text, code) => {
    expect(() => readFoundersCa(put('wrong.pem', text()))).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^--ca .*wrong\.pem: /) }),
    );
  });
});

test.runIf(hasOpenssl)('an authority with a key on another curve is refused before any handshake', () => {
  const { cert } = makeBrainpool('/CN=company');
  expect(() => readFoundersCa(put('brainpool.pem', cert))).toThrow(
    expect.objectContaining({
      code: 'malformed',
      message: expect.stringMatching(/^--ca .*brainpool\.pem: the certificate has a key of brainpoolP256r1: expected/),
    }),
  );
});

const FOUNDERS = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
function init(name: string, ...more: string[]) {
  const args = ['--data', join(folder, name), 'init', '--grade', 'simulation', '--host', HOST, ...FOUNDERS, ...more];
  return runProgram('src/main.ts', args, folder);
}
const anas = (name: string) => {
  const file = join(folder, `${name}-founders/founder-ana.json`);
  return parseFounderFile(readFileSync(file), file);
};

/** What `serve --tls-cert` says to the founders' operator before it serves; null where it says nothing. */
async function warned(name: string): Promise<string | null> {
  const tls = ['--tls-cert', put('tls.crt', issued.cert), '--tls-key', put('tls.key', issued.key)];
  const daemon = startProcess(join(folder, name), 0, tls);
  onTestFinished(() => daemon.kill());
  await daemon.url;
  return /^\{"level":50,.*"msg":"(the founders’ consoles will not connect.*)"\}$/m.exec(daemon.output())?.[1] ?? null;
}

test('serve with a certificate of one’s own says that the founders’ files vouch for another', async () => {
  expect((await init('own')).code).toBe(0);
  const said = await warned('own');
  expect(said).toContain(`to ${URL_OF_VAULT}`);
  expect(said).toMatch(/UNABLE_TO_\w+.*another, SHA-256 [0-9a-f]{64}.*--ca FILE, --public-ca/);
});

test('init --ca has the founders’ files vouch for it, and serve says nothing', async () => {
  const { code, stdout } = await init('company', '--ca', put('company.crt', itsAuthority()));
  expect(code).toBe(0);
  expect(stdout).toContain('serve --data');
  expect(stdout).toContain('--tls-cert CERTIFICATE --tls-key KEY');
  expect(anas('company')).toMatchObject({ vault: URL_OF_VAULT, ca: itsAuthority() });
  expect(await warned('company')).toBeNull();
});

test('init --public-ca leaves the founders’ files without a certificate, and serve says what no machine trusts', async () => {
  const { code, stdout } = await init('public', '--public-ca');
  expect(code).toBe(0);
  expect(stdout.match(/SHA-256/g)).toHaveLength(1);
  expect(anas('public')).toMatchObject({ ca: null });
  expect(await warned('public')).toMatch(/hold no certificate/);
});

test('init refuses --ca beside --public-ca, and writes nothing', async () => {
  const { code, stderr } = await init('both', '--public-ca', '--ca', put('company.crt', itsAuthority()));
  expect([code, stderr]).toEqual([64, 'twinlockd: give --ca or --public-ca, and not both (usage)\n']);
});
