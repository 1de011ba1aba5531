import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readLogSeed } from '../../src/data-folder/data-folder.ts';
import { selfSigned } from '../../src/http/certificate.ts';
import { readTls, validityWarning } from '../../src/tls/files.ts';
import { makeBrainpool } from '../tls/brainpool.ts';
import { runProgram } from '../world/command-line.ts';

const DAY_MS = 24 * 60 * 60_000;
const NOW_MS = Date.UTC(2026, 0, 1);

let folder: string;
let pair: Awaited<ReturnType<typeof selfSigned>>;
const path = (name: string) => join(folder, name);
const put = (name: string, text: string) => writeFileSync(path(name), text);
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }).toString();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-data-'));
  pair = await selfSigned(['localhost'], NOW_MS);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  put('log.key', `${'ab'.repeat(32)}\n`);
  put('vault.sqlite', '');
  put('tls.key', pair.key);
  put('tls.crt', pair.certificate);
});

test('a data folder as init made it is taken', () => {
  expect(readLogSeed(folder)).toEqual(new Uint8Array(32).fill(0xab));
  expect(readTls(folder)).toEqual({ key: pair.key, cert: pair.certificate });
});

test.each([
  ['is empty', ''],
  ['is cut', 'ab'.repeat(31)],
  ['has more than a key', `${'ab'.repeat(33)}\n`],
  ['is no hexadecimal', 'x'.repeat(64)],
  ['was edited by a program that adds to it', `\ufeff${'ab'.repeat(32)}\r\n`],
])('a log.key that %s is named, and is not used', (_, text) => {
  put('log.key', text);
  expect(() => readLogSeed(folder)).toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringMatching(/log\.key is damaged: .*copy/) }),
  );
});

test('a log.key that is missing beside a log is not taken for a folder without a vault', () => {
  rmSync(path('log.key'));
  expect(() => readLogSeed(folder)).toThrow(/has vault\.sqlite and no log\.key: put log\.key back/);
  rmSync(path('vault.sqlite'));
  expect(() => readLogSeed(folder)).toThrow(/holds no vault: run twinlockd init first/);
});

const pipe = (name: string) => {
  rmSync(path(name));
  execFileSync('mkfifo', [path(name)]);
};

test.each([null, 'named'])('a pipe in place of a certificate is refused, and never waited for', (given) => {
  pipe('tls.crt');
  const paths = given === null ? null : { key: path('tls.key'), cert: path('tls.crt') };
  expect(() => readTls(folder, paths)).toThrow(
    expect.objectContaining({ code: 'not_permitted', message: expect.stringMatching(/tls\.crt: expected a file/) }),
  );
});

test('a certificate file without end is refused, and not held in memory', () => {
  truncateSync(path('tls.crt'), 600 << 20);
  const paths = { key: path('tls.key'), cert: path('tls.crt') };
  expect(() => readTls(folder, paths)).toThrow(expect.objectContaining({ code: 'too_large' }));
});

const wrong: readonly (readonly [what: string, damage: () => void, said: RegExp])[] = [
  ['a certificate that is none', () => put('tls.crt', 'no certificate'), /tls\.crt: expected a certificate in PEM/],
  ['an empty certificate', () => put('tls.crt', ''), /tls\.crt: expected a certificate in PEM/],
  ['a key that is none', () => put('tls.key', 'no key'), /tls\.key: expected a private key in PEM/],
  ['the certificate in the key’s place', () => put('tls.key', pair.certificate), /tls\.key: expected a private key/],
  [
    'the key of another certificate',
    () => put('tls.key', openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256')),
    /tls\.key is not the key of .*tls\.crt: put a certificate and its own key there/,
  ],
  [
    'an encrypted key',
    () => put('tls.key', openssl('pkey', '-in', 'tls.key', '-aes128', '-passout', 'pass:x')),
    /tls\.key is encrypted, and the daemon asks for no passphrase: .*openssl pkey/,
  ],
  [
    'a key that is too short for TLS',
    () => {
      const args = ['req', '-x509', '-newkey', 'rsa:512', '-nodes', '-keyout', 'tls.key', '-out', 'tls.crt'];
      openssl(...args, '-subj', '/CN=x');
    },
    /tls\.crt with .*tls\.key: OpenSSL does not serve them \(ERR_\w+\): .*2048 bits/,
  ],
  [
    'a key on a curve that clients do not take',
    () => {
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1', '-nodes'];
      openssl(...args, '-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=x');
    },
    /tls\.crt: the certificate has a key of brainpoolP256r1: expected ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 /,
  ],
  [
    'a chain in which one has such a key',
    () => put('tls.crt', pair.certificate + makeBrainpool('/CN=x').cert),
    /tls\.crt: certificate 2 of 2 has a key of brainpoolP256r1: expected/,
  ],
  [
    'a chain of which one is damaged',
    () => put('tls.crt', `${pair.certificate}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
    /tls\.crt with .*tls\.key: OpenSSL does not serve them \(ERR_\w+\): see that every certificate/,
  ],
];
test.each(wrong)('TLS is not begun with %s: the file and the remedy are named', (_, damage, said) => {
  damage();
  expect(() => readTls(folder)).toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringMatching(said) }),
  );
});

test.each([
  ['RSA with 2048 bits', ['rsa:2048']],
  ['P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ['P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ['Ed25519', ['ed25519']],
])('a certificate with a key of %s is served', (_, algorithm) => {
  const files = ['-keyout', 'tls.key', '-out', 'tls.crt', '-subj', '/CN=x'];
  openssl('req', '-x509', '-newkey', ...algorithm, '-nodes', ...files);
  expect(readTls(folder).cert).toContain('BEGIN CERTIFICATE');
});

test.each(['tls.key', 'tls.crt', 'log.key'])('a folder in the place of %s, and a file that is gone', (name) => {
  rmSync(path(name));
  const read = name === 'log.key' ? readLogSeed : readTls;
  expect(() => read(folder)).toThrow(expect.objectContaining({ group: 'mend' }));
  mkdirSync(path(name));
  expect(() => read(folder)).toThrow(
    expect.objectContaining({
      code: 'not_permitted',
      message: `${path(name)}: expected a file, not a folder, a pipe or a device`,
    }),
  );
});

test('a certificate that clients refuse for its dates is told, with what to do', () => {
  const tls = readTls(folder);
  expect(validityWarning(tls, NOW_MS + DAY_MS)).toBeNull();
  expect(validityWarning(tls, NOW_MS + 6 * 365 * DAY_MS)).toMatch(/^tls\.crt has expired on 2030-.*: .*renew it$/);
  expect(validityWarning(tls, NOW_MS - DAY_MS)).toMatch(/^tls\.crt is not valid before 2025-.*clock is right$/);
});

test('twinlockd serve ends with one line and 64 for what lies wrong in its folder', { timeout: 30_000 }, async () => {
  put('tls.crt', 'no certificate');
  const { code, stderr } = await runProgram('src/main.ts', ['--data', folder, 'serve'], folder);
  expect([code, stderr]).toEqual([
    64,
    expect.stringMatching(/^twinlockd: \/\S+\/tls\.crt: expected a certificate in PEM \(ERR_\w+\) \(malformed\)\n$/),
  ]);
});
