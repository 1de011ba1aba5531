import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingsOf } from '../../../client/cli/settings.ts';
import { soleCertificate, trustCa } from '../../../client/cli/trust.ts';
import { withFileLock } from '../../../client/files/file-lock.ts';
import { readPendingRelease } from '../../../client/host/pending-release.ts';
import { readOrMakeSimulatedChip } from '../../../client/host/simulated-chip-file.ts';
import { readPrincipalKey } from '../../../client/principal/principal-file.ts';
import { readReferenceValues } from '../../../client/reference-values/file.ts';
import { readStopFile } from '../../../client/statements/stop-file.ts';
import { readEndorsement } from '../../../src/endorse/folder.ts';
import { readBounded } from '../../../src/platform/files/bounded.ts';
import { openInput, readInput } from '../../../src/platform/files/input.ts';
import { runProgram } from '../../world/command-line.ts';

const ROOT = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'twinlock-named-'));
const path = (name: string) => join(folder, name);

beforeAll(() => {
  execFileSync('mkfifo', ['-m', '600', path('pipe'), path('pipe.json'), path('pipe.lock')]);
  mkdirSync(path('folder'), { mode: 0o700 });
  writeFileSync(path('huge'), '{', { mode: 0o600 });
  // Sparse: it takes no room, and would take all memory where it was read whole.
  truncateSync(path('huge'), 2 ** 40);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What each command reads that a person names. */
const READERS: readonly (readonly [what: string, read: (path: string) => unknown])[] = [
  ['a configuration', (config) => settingsOf({ config }, { XDG_STATE_HOME: folder })],
  ['certificates to trust', trustCa],
  ['a certificate to compare', soleCertificate],
  ['a machine’s key', readPrincipalKey],
  ['the keys of a request', readPendingRelease],
  ['a simulated chip', readOrMakeSimulatedChip],
  ['a carried stop', readStopFile],
  ['reference values', readReferenceValues],
];

test.each(READERS)('%s is never read from a pipe, a device or a folder, nor beyond its bound', async (_, read) => {
  const refused = async (name: string, code: string, message: RegExp) => {
    const attempt = async () => read(name);
    await expect(attempt()).rejects.toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  };
  for (const name of ['pipe', 'folder']) {
    await refused(
      path(name),
      'not_permitted',
      new RegExp(`/${name}: expected a file, not a folder, a pipe or a device$`),
    );
  }
  await refused('/dev/zero', 'not_permitted', /^\/dev\/zero: (?:expected a file|it can be used by others)/);
  await refused(path('huge'), 'too_large', /\/huge: expected at most \d+ bytes, and it has more$/);
});

test('a file of any length is opened where it is one, and a name with a NUL is refused as a name', async () => {
  await (await openInput(path('huge'))).close();
  await expect(openInput(path('pipe'))).rejects.toThrow(expect.objectContaining({ code: 'not_permitted' }));
  const invalid = expect.objectContaining({ code: 'invalid_name', message: expect.stringMatching(/NUL/) });
  await expect(readInput('a\0b', 9)).rejects.toThrow(invalid);
  expect(() => trustCa('a\0b')).toThrow(invalid);
});

test('what is refused by its owner or mode is refused before a byte of it is read', async () => {
  const accept = () => {
    throw new Error('not that one');
  };
  await expect(readBounded(path('huge'), 9, { accept })).rejects.toThrow('not that one');
});

test('a file of endorsements that is none is not waited for', async () => {
  const unavailable = expect.objectContaining({
    code: 'unavailable',
    message: expect.stringMatching(/expected a file/),
  });
  await expect(readEndorsement(folder, 'pipe')).rejects.toThrow(unavailable);
  await expect(readEndorsement(folder, 'huge')).rejects.toThrow(expect.objectContaining({ code: 'too_large' }));
});

test('a lock that is no file is not waited for', async () => {
  await expect(withFileLock(path('pipe'), async () => undefined)).rejects.toThrow(
    expect.objectContaining({ code: 'not_permitted' }),
  );
});

test('a command that is given a pipe says so, and waits for none', { timeout: 60_000 }, async () => {
  const run = async (...args: string[]) => runProgram('client/cli.ts', args, folder);
  const [pipe, refused] = [
    path('pipe'),
    /pipe(?:\.json)?: expected a file, not a folder, a pipe or a device \(not_permitted\)\n$/,
  ];
  const runs = [
    run('key', 'show', pipe),
    run('deposit', path('folder'), '--as', 'acme/ocr@1', '--model-signature', pipe, '--dry-run'),
    run('fetch', '--keys', 'none.keys', '--to', path('out'), '--evaluation-report', pipe),
  ];
  for (const { code, stderr } of await Promise.all(runs)) {
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(refused) });
  }
});

/** What none but the package, the system or a tool that it has run names. */
const OWN_READS = [
  'client/cli/access-flags.ts',
  'client/console/server/bundle.ts',
  'client/host/collectors/detect.ts',
  'client/host/collectors/tpm.ts',
  'client/host/mounts.ts',
  'src/store/sqlite/lock-holder.ts',
  'src/store/sqlite/migrations.ts',
];

test('no other file is read without a bound', () => {
  const found = globSync(['client/**/*.ts', 'src/**/*.ts'], { cwd: ROOT, exclude: (name) => name.endsWith('demo') })
    .filter((file) => /\b(?:readFile|readFileSync|createReadStream)\(/.test(readFileSync(join(ROOT, file), 'utf8')))
    .filter((file) => !file.startsWith('demo/'));
  // Its stream is of an open file that is known to be one.
  expect(found.toSorted()).toEqual([...OWN_READS, 'client/cli/fetch.ts'].toSorted());
});
