import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { signStop } from '../../client/custodian/stop.ts';
import { signedStopBytes } from '../../src/core/log/signed-stop.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { runProgram } from '../world/command-line.ts';
import { NODE, startProcess } from '../world/daemon-process.ts';
import { foundVault, type Person } from '../world/vault/members.ts';
import { FOUNDERS, prepareVault } from '../world/vault/prepared.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const ROOT = join(import.meta.dirname, '../..');
/** Nobody: owns nothing else here. */
const OWNER = 65_534;

/** A number that the user database does not have. */
const STRANGER = 2_000_000_017;

/** Root's alone. */
let home: string;
/** The owner's. */
let dataDir: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'twinlock-roots-'));
  dataDir = mkdtempSync(join(tmpdir(), 'twinlock-owned-'));
});
afterEach(() => {
  for (const folder of [home, dataDir]) rmSync(folder, { recursive: true });
});

const names = () => readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map((name) => join(dataDir, name));
/** What in the data folder is not its owner's. */
const strange = () =>
  names()
    .filter((path) => lstatSync(path).uid !== OWNER || lstatSync(path).gid !== OWNER)
    .map((path) => relative(dataDir, path));
const give = () => {
  for (const path of [dataDir, ...names()]) chownSync(path, OWNER, OWNER);
};

const twinlockd = (args: readonly string[], program = 'src/main.ts') =>
  runProgram(program, ['--data', dataDir, ...args], home);
const INIT = ['init', '--grade', 'simulation', '--json', ...FOUNDERS.flatMap((name) => ['--founder', name])];

/** A file that root alone may read. */
async function carried({ enrolled: [own], device }: Person, fingerprint: string): Promise<string> {
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const ceremony = { authenticator: device, random: platformRandom, now: () => Date.now() };
  const path = join(home, 'stop.json');
  writeFileSync(
    path,
    signedStopBytes(await signStop(ceremony, fingerprint, own, { what: 'all', reason: 'drill' }, null)),
  );
  chmodSync(path, 0o600);
  return path;
}

/** A vault of the owner's, founded under the daemon that root has started, which runs. */
async function foundedVault(foldersGroup = OWNER) {
  rmSync(dataDir, { recursive: true });
  const prepared = await prepareVault();
  dataDir = prepared.dataDir;
  give();
  chownSync(dataDir, OWNER, foldersGroup);
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([4242, ...groups]);
  const daemon = startProcess(dataDir);
  process.setgroups?.(groups);
  const members = await foundVault(await daemon.url, prepared);
  return { daemon, ...members };
}

describe.skipIf(process.getuid?.() !== 0)('in a data folder that another user owns, root acts as that user:', () => {
  test('what twinlockd init makes is the owner’s', async () => {
    give();
    const { code, stderr } = await twinlockd(INIT);
    expect([code, stderr]).toEqual([0, '']);
    expect(names()).toEqual(expect.arrayContaining([join(dataDir, 'log.key'), join(dataDir, 'vault.sqlite')]));
    expect(strange()).toEqual([]);
  });

  test.each([
    ['the owner’s', OWNER],
    ['root’s, as chown USER leaves it', 0],
    ['of other users', STRANGER],
  ])('twinlockd serve becomes the owner, and twinlockd stop too, where the folder’s group is %s', async (_, group) => {
    const { daemon, ana, fingerprint } = await foundedVault(group);
    try {
      const status = readFileSync(`/proc/${daemon.child.pid}/status`, 'utf8');
      const ids = Array(4).fill(OWNER).join('\t');
      expect(status).toContain(`Uid:\t${ids}\n`);
      expect(status).toContain(`Gid:\t${ids}\n`);
      expect(status).toMatch(new RegExp(`^Groups:\\s*${OWNER}\\s*$`, 'm'));
      const file = await carried(ana, fingerprint);
      const run = await twinlockd(['stop', file, '--json']);
      expect([run.code, run.stderr]).toEqual([0, '']);
      expect(run.json()).toMatchObject({ already: false, stopped: [{ name: 'ana' }] });
    } finally {
      await daemon.stop();
    }
    expect(strange()).toEqual([]);
  });

  test('twinlockd stop writes through no link where no daemon runs', async () => {
    const { daemon, ana, fingerprint } = await foundedVault();
    await daemon.stop();
    const file = await carried(ana, fingerprint);
    const [database, roots] = [join(dataDir, 'vault.sqlite'), join(home, 'roots.sqlite')];
    copyFileSync(database, roots);
    renameSync(database, `${database}.away`);
    symlinkSync(roots, database);
    const before = readFileSync(roots);
    const led = await twinlockd(['stop', file]);
    expect(led.code).not.toBe(0);
    expect(readFileSync(roots)).toEqual(before);
    expect(readdirSync(home)).not.toContain('roots.sqlite-wal');
    renameSync(`${database}.away`, database);
    const run = await twinlockd(['stop', file]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(strange()).toEqual([]);
  });

  test('also with a program that the owner may not read', async () => {
    const { daemon, ana, fingerprint } = await foundedVault();
    await daemon.stop();
    for (const name of ['src', 'migrations', 'package.json'])
      cpSync(join(ROOT, name), join(home, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'));
    const file = await carried(ana, fingerprint);
    const run = await runProgram(join(relative(ROOT, home), 'src/main.ts'), ['--data', dataDir, 'stop', file], home);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(strange()).toEqual([]);
  });

  test('an owner whom the user database does not have gets the folder’s group, but not root’s', async () => {
    chownSync(dataDir, STRANGER, 0);
    const refused = await twinlockd(INIT);
    expect([refused.code, refused.stderr]).toEqual([
      64,
      `twinlockd: user ${STRANGER} owns ${dataDir}, is not in this machine’s user database, and the folder’s group is root’s: add the user, or give the folder their group (chown ${STRANGER}:GROUP ${dataDir}) (not_permitted)\n`,
    ]);
    expect(names()).toEqual([]);
    chownSync(dataDir, STRANGER, OWNER);
    const { code, stderr } = await twinlockd(INIT);
    expect([code, stderr]).toEqual([0, '']);
    expect(new Set(names().map((path) => `${lstatSync(path).uid}:${lstatSync(path).gid}`))).toEqual(
      new Set([`${STRANGER}:${OWNER}`]),
    );
  });

  test.skipIf(spawnSync('unshare', ['-m', 'true']).status !== 0)(
    'a folder that the owner reaches by one of their groups is reached (needs unshare)',
    async () => {
      // The machine's own groups, and one more that the owner is in, for this process alone.
      const group = 54_321;
      const database = join(home, 'group');
      writeFileSync(database, `${readFileSync('/etc/group', 'utf8')}twinlock-hall:x:${group}:nobody\n`, {
        mode: 0o644,
      });
      const hall = mkdtempSync(join(tmpdir(), 'twinlock-hall-'));
      onTestFinished(() => rmSync(hall, { recursive: true }));
      chownSync(hall, 0, group);
      chmodSync(hall, 0o750);
      const data = join(hall, 'data');
      mkdirSync(data);
      chownSync(data, OWNER, OWNER);
      const command = 'mount --bind "$0" /etc/group && exec "$@"';
      const program = [NODE, join(ROOT, 'src/main.ts'), '--data', data, ...INIT];
      const args = ['-m', 'sh', '-c', command, database, ...program];
      const { status, stderr } = spawnSync('unshare', args, { cwd: home, encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
      expect(readdirSync(data)).toContain('log.key');
    },
  );

  test('where files of the folder are root’s, it is said who must own them', async () => {
    chownSync(dataDir, OWNER, OWNER);
    writeFileSync(join(dataDir, 'log.key'), '', { mode: 0o600 });
    const { code, stderr } = await twinlockd(['serve', '--listen', '127.0.0.1:0']);
    expect([code, stderr]).toEqual([64, expect.stringMatching(/and must own what lies in it \(not_permitted\)\n$/)]);
  });

  test('that the owner cannot reach the folder is said, and who can do it', async () => {
    const hidden = join(home, 'data');
    mkdirSync(hidden);
    chownSync(hidden, OWNER, OWNER);
    const { code, stderr } = await runProgram('src/main.ts', ['--data', hidden, ...INIT], home);
    expect([code, stderr]).toEqual([
      64,
      `twinlockd: user ${OWNER} owns ${hidden}, and cannot use it from here (access EACCES): run this as that user and in a group that reaches it (sudo -u '#${OWNER}' -g '#${OWNER}' …), or give root the folder with all that is in it (not_permitted)\n`,
    ]);
    expect(readdirSync(hidden)).toEqual([]);
  });
});

test('twinlockd init refuses a folder in which a link has the name of one of its files', async () => {
  const elsewhere = join(home, 'elsewhere');
  symlinkSync(elsewhere, join(dataDir, 'vault.sqlite'));
  const { code, stderr } = await twinlockd(INIT);
  expect([code, stderr]).toEqual([64, expect.stringMatching(/it has vault\.sqlite; .*\(exists\)\n$/)]);
  expect([existsSync(elsewhere), readdirSync(dataDir)]).toEqual([false, ['vault.sqlite']]);
});
