import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settingsOf } from '../../../client/cli/settings.ts';
import { ConfigurationFile } from '../../../client/console/server/configuration-file.ts';
import { ConsoleOpening } from '../../../client/console/server/opening.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { founderFileBytes, parseFounderFile } from '../../../src/wire/founder-file.ts';

const FINGERPRINT = 'ab'.repeat(32);
const INVITATION = 'i'.repeat(43);
const refusal = (code: string) => expect.objectContaining({ code });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-founder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('an invitation is opened by its key alone, and once', () => {
  const opening = new ConsoleOpening(INVITATION);
  expect(opening.once).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(() => opening.open(new ConsoleOpening(INVITATION).once)).toThrow(refusal('not_permitted'));
  expect(() => opening.open(opening.key)).toThrow(refusal('not_permitted'));
  expect(opening.open(opening.once)).toEqual({ key: opening.key, invitation: INVITATION });
  expect(() => opening.open(opening.once)).toThrow(refusal('invitation_stale'));
});

test('a configuration is written with its certificates, for its owner alone, and is what the command line reads', async () => {
  writeFileSync(join(folder, 'tls.crt'), 'PEM');
  const path = join(folder, 'config/twinlock/config.json');
  const file = new ConfigurationFile(path, 'https://vault.example:8443', join(folder, 'tls.crt'));
  expect(await file.offer(FINGERPRINT)).toMatchObject({ path, kept: null });
  await file.write(FINGERPRINT, null);
  await file.write(FINGERPRINT, null);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const { vault, fingerprint, ca } = settingsOf({ config: path }, {});
  expect([vault, fingerprint]).toEqual(['https://vault.example:8443', FINGERPRINT]);
  expect(readFileSync(ca ?? '', 'utf8')).toBe('PEM');
  expect(readdirSync(join(folder, 'config/twinlock'))).toHaveLength(2);
});

test('a configuration that differs is replaced only by who has seen it', async () => {
  const path = join(folder, 'config.json');
  const file = new ConfigurationFile(path, 'https://vault.example:8443', null);
  writeFileSync(path, '{"vault":"https://other.example"}');
  await expect(file.write(FINGERPRINT, null)).rejects.toThrow(refusal('exists'));
  const { kept } = await file.offer(FINGERPRINT);
  expect(kept).toBe('{"vault":"https://other.example"}');
  const seen = createHash('sha256')
    .update(utf8(kept ?? ''))
    .digest('hex');
  writeFileSync(path, '{"vault":"https://third.example"}');
  await expect(file.write(FINGERPRINT, seen)).rejects.toThrow(refusal('exists'));
  writeFileSync(path, kept ?? '');
  await file.write(FINGERPRINT, seen);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    vault: 'https://vault.example:8443',
    fingerprint: FINGERPRINT,
  });
});

test('a configuration whose folder cannot be made names it', async () => {
  writeFileSync(join(folder, 'file'), '');
  const file = new ConfigurationFile(join(folder, 'file/config.json'), 'https://vault.example:8443', null);
  await expect(file.write(FINGERPRINT, null)).rejects.toThrow(/file/);
});

const FILE = {
  vault: 'https://vault.example:8443',
  ca: 'PEM\n',
  name: '李明',
  invitation: INVITATION,
  referenceValues: FINGERPRINT,
};

test('a founder’s file comes back as it was', () => {
  expect(parseFounderFile(founderFileBytes(FILE), 'f')).toEqual({ v: 1, kind: 'twinlock-founder', ...FILE });
});

test.each([
  ['a vault without TLS', { ...FILE, vault: 'http://vault.example' }],
  ['a member more', { ...FILE, more: 1 }],
  ['a short invitation', { ...FILE, invitation: 'i'.repeat(42) }],
  ['a digest that is none', { ...FILE, referenceValues: 'x' }],
])('refuses a founder’s file with %s, and repeats nothing of it', (_, file) => {
  expect(() => parseFounderFile(founderFileBytes(file), 'f')).toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringMatching(/^f: (?!.*iiii)/) }),
  );
});

test('refuses a founder’s file that is cut or written otherwise, and repeats nothing of it', () => {
  const bytes = founderFileBytes(FILE);
  for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, utf8('\n')])]) {
    expect(() => parseFounderFile(other, 'f')).toThrow(/^f: expected a founder’s file (?!.*iiii)/);
  }
});
