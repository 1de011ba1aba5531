import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostNames, vaultOrigin } from '../src/cli/options.ts';
import { founderFileNames, makeFounderFolder, requireOutsideData } from '../src/founding/founder-files.ts';
import { OWN_FOLDER } from '../src/platform/files/own-folder.ts';
import { parseFounderFile } from '../src/wire/founder-file.ts';
import { runProgram } from './world/command-line.ts';
import { POLICY } from './world/founding.ts';

const SLOW = { timeout: 60_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-main-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** As a person types it on this machine. */
const command = (program: string) => `node ${OWN_FOLDER}/bin/${program}.js`;

function init(...args: string[]) {
  const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
  return runProgram(
    'src/main.ts',
    ['--data', path('data'), 'init', '--grade', 'simulation', ...founders, ...args],
    folder,
  );
}

test.each(['--policy', '--reference-values', '--principal'])(
  'twinlockd init does not wait for a pipe without a writer: %s',
  SLOW,
  async (flag) => {
    execFileSync('mkfifo', [path('pipe')]);
    const { code, stderr } = await init(flag, path('pipe'));
    expect([code, stderr]).toEqual([
      64,
      expect.stringMatching(/^twinlockd: .*\/pipe: expected a file.* \(not_permitted\)\n$/),
    ]);
    expect(existsSync(path('data'))).toBe(false);
  },
);

test('twinlockd init refuses a founder who looks like another, and names that one', SLOW, async () => {
  const { code, stderr } = await init('--founder', 'Ana');
  expect(code).toBe(64);
  expect(stderr).toMatch(
    /^twinlockd: the name “ana” looks like “Ana”, .*: add what tells them apart.*\(person_exists\)\n$/,
  );
  expect(existsSync(path('data'))).toBe(false);
});

test('twinlockd init refuses the secret half of a key as such, and repeats nothing of it', SLOW, async () => {
  const seed = 'c2VjcmV0'.repeat(5);
  const half = put(JSON.stringify({ v: 1, kind: 'twinlock-principal', role: 'auditor', name: 'audit', seed }));
  const { code, stderr } = await init('--principal', half);
  expect([code, stderr]).toEqual([
    64,
    expect.stringMatching(/expected FILE\.json, got FILE, the secret half .*treat it as exposed.*\(malformed\)\n$/),
  ]);
  expect(stderr).not.toContain(seed);
});

test('twinlockd init names the file that is no JSON', SLOW, async () => {
  const { code, stderr } = await init('--policy', put('{'));
  expect([code, stderr]).toEqual([64, `twinlockd: --policy ${path('policy.json')}: expected JSON (malformed)\n`]);
});

test(
  'twinlockd init names the flag of a file that is not there, and of values that no schema knows',
  SLOW,
  async () => {
    const absent = await init('--principal', path('absent.json'));
    expect([absent.code, absent.stderr]).toEqual([
      64,
      `twinlockd: --principal ${path('absent.json')}: there is no such file or folder (not_found)\n`,
    ]);
    const values = await init('--reference-values', put('{}'));
    expect(values.code).toBe(64);
    expect(values.stderr).toContain(`twinlockd: --reference-values ${path('policy.json')}: `);
  },
);

test('twinlockd init ends with the command that serves this very folder', SLOW, async () => {
  const { code, stdout } = await init();
  expect(code).toBe(0);
  expect(stdout).toContain(`  ${command('twinlockd')} serve --data ${path('data')}\n`);
  expect(stdout).toContain(
    `  ${command('twinlock')} console --open --invitation ${path('data')}-founders/founder-ana.json`,
  );
  // An invitation is in its founder's file and in no terminal's history.
  const { invitation } = parseFounderFile(readFileSync(path('data-founders/founder-ana.json')), 'ana');
  expect(stdout).not.toContain(invitation);
  const kept = readdirSync(path('data'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of kept) {
    expect(readFileSync(join(parentPath, name)).includes(invitation), name).toBe(false);
  }
  expect(stdout).toMatch(/SHA-256 [0-9a-f]{64}/);
});

test(
  'twinlockd init --host makes a certificate of all names, and a file for each founder that says the first',
  SLOW,
  async () => {
    const founders = ['Åsa Ström', '李明', 'bo.b'].flatMap((name) => ['--founder', name]);
    const hosts = ['--host', 'vault.example.org', '--host', '10.0.0.5', '--host', 'fd00::5'];
    const { code, stdout, stderr } = await init(...founders, ...hosts, '--out', path('out'));
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toContain(`${command('twinlockd')} serve --data`);
    // Their workstations have a clone elsewhere, and nothing of theirs comes from a registry.
    expect(stdout).toContain('  node CLONE/bin/twinlock.js console --open --invitation');
    expect(stdout).toMatch(
      /CLONE is the folder of a clone of twinlock on that machine, after npm ci there\. .*npm run build/,
    );
    expect(stdout).toContain('--listen 0.0.0.0:8443');
    const names = ['1-ana', '2-ben', '3-cleo', '4-Asa-Strom', '5', '6-bo-b'].map((name) => `founder-${name}.json`);
    expect(readdirSync(path('out')).toSorted()).toEqual(names.toSorted());
    const files = names.map((name) => parseFounderFile(readFileSync(join(path('out'), name)), name));
    expect(files.map(({ vault }) => vault)).toEqual(names.map(() => 'https://vault.example.org:8443'));
    expect(new Set(files.map(({ invitation }) => invitation)).size).toBe(6);
    expect(statSync(join(path('out'), 'founder-5.json')).mode & 0o777).toBe(0o600);
    const certificate = new X509Certificate(files[0]?.ca ?? '');
    for (const host of ['localhost', 'vault.example.org']) expect(certificate.checkHost(host)).toBe(host);
    for (const ip of ['127.0.0.1', '::1', '10.0.0.5', 'fd00::5']) expect(certificate.checkIP(ip)).toBe(ip);
    expect(stdout).toContain(certificate.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(stdout).toContain(files[0]?.referenceValues);
    const again = await init(...founders, '--data', path('data2'), '--out', path('out'));
    expect([again.code, again.stderr]).toEqual([
      64,
      expect.stringMatching(/out has founder-1-ana\.json, .*\(exists\)\n$/),
    ]);
    expect(existsSync(path('data2'))).toBe(false);
  },
);

test(
  'twinlockd init writes no founder’s file into the data folder, where invitations are kept as hashes',
  SLOW,
  async () => {
    const { code, stderr } = await init('--out', path('data'));
    expect([code, stderr]).toEqual([
      64,
      `twinlockd: --out ${path('data')} lies in the data folder ${path('data')}, and who has a copy of that could enrol as a founder: name a folder outside it (usage)\n`,
    ]);
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(path('data'));
    symlinkSync(path('data'), path('link'));
    for (const out of ['data', 'data/', 'data/founders', 'data/a/b', 'data/..founders', 'link', 'link/founders']) {
      expect(() => requireOutsideData(path(out), path('data'))).toThrow(expect.objectContaining({ code: 'usage' }));
      expect(() => requireOutsideData(path(out), path('link'))).toThrow(expect.objectContaining({ code: 'usage' }));
    }
    for (const out of ['.', 'data-founders', 'founders/data', 'data/../founders']) {
      expect(() => requireOutsideData(path(out), path('data'))).not.toThrow();
    }
  },
);

test(
  'twinlockd takes no empty --data, as an unset variable makes it, for the folder that it runs in',
  SLOW,
  async () => {
    const { code, stderr } = await init('--data', '');
    expect([code, stderr]).toEqual([64, expect.stringMatching(/--data .* is empty: name the folder.*\(usage\)\n$/)]);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test('a host with its scheme or port is no name for a certificate, and a path no address of a vault', () => {
  for (const host of ['https://vault.example', 'vault.example:8443', '-vault', 'vault..example', '', 'ü.example']) {
    expect(() => hostNames(host)).toThrow(/^expected a host name/);
  }
  for (const url of ['http://vault.example', 'https://vault.example/v1', 'https://me@vault.example', 'vault']) {
    expect(() => vaultOrigin(url)).toThrow(/^expected https:/);
  }
});

test('a folder that cannot hold the founders’ files is refused before there is a vault', () => {
  expect(() => makeFounderFolder(join(put('{}'), 'founders'), ['ana'])).toThrow(
    expect.objectContaining({
      code: 'not_permitted',
      message: expect.stringMatching(/name another folder with --out/),
    }),
  );
});

test('two founders have two files, whatever letters their names have', () => {
  const files = (...names: string[]) => names.map((name) => `founder-${name}.json`);
  expect(founderFileNames(['ana', 'Zoë', '/etc/passwd'])).toEqual(files('ana', 'Zoe', 'etc-passwd'));
  expect(founderFileNames(['a b', 'A-B', '2-A-B'])).toEqual(files('1-a-b', '2-A-B', '3-2-A-B'));
  expect(founderFileNames(['..', '李明', 'ana'])).toEqual(files('1', '2', '3-ana'));
});

test('twinlockd serve names nothing but --listen where its host does not resolve', SLOW, async () => {
  await init();
  const args = ['serve', '--data', path('data'), '--listen', 'no-such-host.invalid:0'];
  const { code, stderr } = await runProgram('src/main.ts', args, folder);
  expect([code, stderr]).toEqual([
    64,
    expect.stringMatching(
      /^twinlockd: .*no-such-host\.invalid:0: .*: (name another --listen; before the founding, the founders’ files hold the first: .*|.*\(EAI_AGAIN\).*) \(\w+\)\n$/,
    ),
  ]);
});

test('twinlockd serve says of a port that is taken that the founders’ files hold it', SLOW, async () => {
  await init();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const run = await runProgram(
    'src/main.ts',
    ['serve', '--data', path('data'), '--listen', `127.0.0.1:${port}`],
    folder,
  );
  other.close();
  expect([run.code, run.stderr]).toEqual([
    64,
    expect.stringMatching(
      /\(EADDRINUSE\): name another --listen; before the founding, the founders’ files hold the first: run init again, with --url/,
    ),
  ]);
});

test('twinlockd serve refuses endorsements that are no folder before it opens anything', SLOW, async () => {
  const args = ['serve', '--data', path('data'), '--endorsements', path('absent')];
  const { code, stderr } = await runProgram('src/main.ts', args, folder);
  expect([code, stderr]).toEqual([
    64,
    `twinlockd: --endorsements ${path('absent')}: there is no such folder (usage)\n`,
  ]);
});

test('twinlockd init refuses a policy that leaves no time to approve', SLOW, async () => {
  const { code, stderr } = await init(
    '--policy',
    put(JSON.stringify({ ...POLICY, limits: { ...POLICY.limits, proposalMs: 1 } })),
  );
  expect(code).toBe(64);
  expect(stderr).toMatch(/proposalMs: expected at least 3600000 .*\(limit_exceeded\)/);
});

test.each(['twinlock', 'twinlockd'])('%s says its version', SLOW, async (program) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const { code, stdout, stderr } = await runProgram(`bin/${program}.js`, ['--version'], folder);
  expect([code, stdout, stderr]).toEqual([0, `${version}\n`, '']);
});

test.each([
  ['no command', [], /^Usage: twinlockd /],
  ['an unknown flag', ['serve', '--lisen', 'x'], /^twinlockd: unknown option '--lisen' .*\(usage\)\n$/],
  ['an address that is none', ['serve', '--listen', 'x'], /^twinlockd: .*expected HOST:PORT \(usage\)\n$/],
])('twinlockd refuses %s with usage and exit code 64', SLOW, async (_, args, said) => {
  const { code, stdout, stderr } = await runProgram('src/main.ts', args, folder);
  expect([code, stdout, stderr]).toEqual([64, '', expect.stringMatching(said)]);
});

test('every command of twinlockd has its examples, and says what its exit codes mean', SLOW, async () => {
  const main = await runProgram('src/main.ts', ['--help'], folder);
  expect([main.code, main.stderr]).toEqual([0, '']);
  expect(main.stdout).toContain('Exit codes:');
  for (const command of ['init', 'serve', 'stop']) {
    expect(main.stdout).toContain(`\n  ${command} `);
    const { code, stdout } = await runProgram('src/main.ts', [command, '--help'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain(`Examples:\n  twinlockd ${command} `);
    expect(stdout).toContain('--data <folder>');
  }
});

function put(content: string): string {
  writeFileSync(path('policy.json'), content);
  return path('policy.json');
}
