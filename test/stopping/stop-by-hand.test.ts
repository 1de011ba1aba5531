import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { signStop } from '../../client/custodian/stop.ts';
import { type SignedStop, signedStopBytes } from '../../src/core/log/signed-stop.ts';
import { statementDigest } from '../../src/core/statement/statement.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { STOP_FOLDER, watchStopFolder } from '../../src/stopping/stop-folder.ts';
import { openStore } from '../../src/store/open.ts';
import { ask } from '../http/ask.ts';
import { runProgram } from '../world/command-line.ts';
import type { Person } from '../world/vault/members.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let vault: Vault;
let home: string;
beforeEach(async () => {
  vault = await openVault({}, { stopListen: { host: '127.0.0.1', port: 0 } });
  home = mkdtempSync(join(tmpdir(), 'twinlock-stop-'));
});
afterEach(async () => {
  await vault.close();
  rmSync(home, { recursive: true });
  expect(vault.failures).toEqual([]);
});

function signed(person: Person): Promise<SignedStop> {
  const [own] = person.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  const ceremony = { authenticator: person.device, random: platformRandom, now: () => Date.now() };
  return signStop(ceremony, vault.fingerprint, own, { what: 'all', reason: 'a drill' }, null);
}

async function carried(person: Person): Promise<string> {
  const path = join(home, `${person.name}.json`);
  // As an editor saves it: white space makes no difference.
  writeFileSync(path, `${new TextDecoder().decode(signedStopBytes(await signed(person)))}\n`);
  return path;
}

const twinlockd = (...args: string[]) =>
  runProgram('src/main.ts', ['--data', vault.prepared.dataDir, 'stop', ...args], home);
const stopped = () => vault.daemon.context.recorder.facts.stopped;

describe('twinlockd stop FILE', () => {
  test('hands it to the daemon that runs, which records it; a second time it is so already', async () => {
    const file = await carried(vault.ana);
    const first = await twinlockd(file, '--json');
    expect([first.stderr, first.code]).toEqual(['', 0]);
    expect(first.json()).toMatchObject({ what: 'all', index: 1, already: false, stopped: [{ name: 'ana' }] });
    expect(stopped()).toMatchObject([{ name: 'ana', reason: 'a drill' }]);
    const again = await twinlockd(file);
    expect([again.code, again.stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/^stopped already: everything, by the security key /),
    ]);
    // The operator, who may read the vault's folder, is told who stopped it; a stranger who sends it again is not.
    const told = (await twinlockd(file, '--json')).json();
    const stop = { name: 'ana', reason: 'a drill' };
    expect(told).toMatchObject({ already: true, earlier: stop, stopped: [stop] });
    const reply = await ask(vault.baseUrl, { method: 'POST', path: '/v1/stops', body: readFileSync(file, 'utf8') });
    const nothing = { already: true, earlier: null, stopped: null, names: null };
    expect(JSON.parse(reply.body.toString())).toMatchObject(nothing);
    expect(readdirSync(join(vault.prepared.dataDir, STOP_FOLDER))).toEqual([]);
  });

  test('records it by itself where no daemon runs, and the daemon that starts then is stopped', async () => {
    const file = await carried(vault.ben);
    await vault.daemon.close();
    const run = await twinlockd(file);
    expect([run.stderr, run.code]).toEqual(['', 0]);
    expect(run.stdout).toMatch(
      /^stopped: everything, by the security key \S+ \(of “ben”, person [0-9a-f]{32}\), entry 1 of the log\nthe vault is stopped by “ben”, person [0-9a-f]{32}, at 2.*: “a drill”\n$/,
    );
    await vault.restart();
    expect(stopped()).toMatchObject([{ name: 'ben' }]);
  });

  test.each([
    ['a daemon has', true],
    ['a process had that ended without an answer', false],
  ])('records it once for three who bring it at once into a folder that %s, and tells each', async (_, isServed) => {
    const file = await carried(vault.ana);
    const { dataDir } = vault.prepared;
    if (!isServed) await vault.daemon.close();
    const store = isServed ? null : openStore(dataDir);
    const bringing = Promise.all([1, 2, 3].map(() => twinlockd(file, '--json')));
    if (store !== null) {
      const brought = () => readdirSync(join(dataDir, STOP_FOLDER)).filter((name) => name.endsWith('.json'));
      await vi.waitFor(() => expect(brought()).toHaveLength(3), 20_000);
      store.close();
    }
    const runs = await bringing;
    if (store !== null) await vault.restart();
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([1, 2, 3].map(() => [0, '']));
    expect(runs.map((run) => run.json()['already']).toSorted()).toEqual([false, true, true]);
    expect(stopped()).toMatchObject([{ name: 'ana', reason: 'a drill' }]);
    expect(readdirSync(join(dataDir, STOP_FOLDER))).toEqual([]);
  });

  test('that lies in the folder when a daemon starts is taken', async () => {
    const stop = await signed(vault.cleo);
    await vault.daemon.close();
    const folder = join(vault.prepared.dataDir, STOP_FOLDER);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${statementDigest(stop.statement)}.json`), signedStopBytes(stop));
    await vault.restart();
    await vi.waitFor(() => expect(stopped()).toMatchObject([{ name: 'cleo' }]), 10_000);
  });

  describe('by a user who is not the vault’s is refused, with who may do it', () => {
    /** What root may, nothing forbids: it takes another user's place. */
    const uid = process.getuid?.() === 0 ? 65_534 : undefined;
    const asOther = async (folderMode: number, fileMode: number) => {
      const file = await carried(vault.ana);
      await vault.daemon.close();
      const { dataDir } = vault.prepared;
      chmodSync(home, 0o755);
      const files = ['log.key', 'vault.sqlite'].map((name) => join(dataDir, name));
      for (const path of files) chmodSync(path, fileMode);
      chmodSync(dataDir, folderMode);
      const options = uid === undefined ? {} : { uid };
      const run = await runProgram('src/main.ts', ['--data', dataDir, 'stop', file], home, options);
      chmodSync(dataDir, 0o700);
      for (const path of files) chmodSync(path, 0o600);
      await vault.restart();
      expect(stopped()).toBeNull();
      return run;
    };

    test('where they may not read the log’s key', async () => {
      const { code, stderr } = await asOther(0o000, 0o600);
      const { dataDir } = vault.prepared;
      expect([code, stderr]).toEqual([
        64,
        `twinlockd: this user may not read ${dataDir}/log.key: run it as the vault’s user, who owns ${dataDir} and must own what lies in it (not_permitted)\n`,
      ]);
    });

    test('where they may read it, and not write', async () => {
      const { code, stderr } = await asOther(0o555, 0o444);
      expect([code, stderr]).toEqual([
        64,
        expect.stringMatching(/^twinlockd: this user may not write \S+: run it as the vault’s user, who/),
      ]);
    });

    test.skipIf(uid === undefined)('where a daemon runs that they may not hand it to', async () => {
      const file = await carried(vault.ana);
      chmodSync(home, 0o755);
      const { dataDir } = vault.prepared;
      for (const name of readdirSync(dataDir)) chmodSync(join(dataDir, name), 0o644);
      chmodSync(dataDir, 0o755);
      const { code, stderr } = await runProgram('src/main.ts', ['--data', dataDir, 'stop', file], home, {
        uid: 65_534,
      });
      expect([code, stderr]).toEqual([64, expect.stringMatching(/may not write .*run it as the vault’s user/)]);
      expect(stopped()).toBeNull();
    });

    test('where they may not read the file', async () => {
      const file = await carried(vault.ana);
      chmodSync(home, 0o755);
      chmodSync(file, 0o000);
      const options = uid === undefined ? {} : { uid };
      const { code, stderr } = await runProgram('src/main.ts', ['stop', file], home, options);
      expect([code, stderr]).toEqual([
        64,
        `twinlockd: ${file}: this user may not use it (see its owner and its mode) (not_permitted)\n`,
      ]);
    });
  });

  test('a folder that the daemon cannot read is told once, and again after it could', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twinlock-blocked-'));
    const told: unknown[] = [];
    const take = () => Promise.reject(new Error('not reached'));
    writeFileSync(join(folder, STOP_FOLDER), 'in the way');
    const end = watchStopFolder(folder, take, (error) => told.push(error));
    await vi.waitFor(() => expect(told).toHaveLength(1), 5_000);
    rmSync(join(folder, STOP_FOLDER));
    await vi.waitFor(() => expect(existsSync(join(folder, STOP_FOLDER))).toBe(true), 5_000);
    await end();
    expect(told).toEqual([expect.objectContaining({ code: 'not_permitted' })]);
    rmSync(folder, { recursive: true });
  });

  test('refuses what is no stop, and one that is not true, with the same code whether a daemon runs or not', async () => {
    const none = join(home, 'none.json');
    writeFileSync(none, '{}');
    const said = await twinlockd(none);
    expect([said.code, said.stderr]).toEqual([
      64,
      `twinlockd: ${none}: this file is no stop. A stop is what a custodian’s console saves (Stop), or twinlock stop --out writes: stop.v: expected 1 (malformed)\n`,
    ]);
    const absent = await twinlockd('absent.json');
    expect([absent.code, absent.stderr]).toEqual([
      64,
      'twinlockd: absent.json: there is no such file or folder (not_found)\n',
    ]);
    const [a, b] = [await signed(vault.ana), await signed(vault.ben)];
    const forged = join(home, 'forged.json');
    writeFileSync(forged, signedStopBytes({ statement: a.statement, signature: b.signature }));
    const running = await twinlockd(forged);
    await vault.daemon.close();
    const alone = await twinlockd(forged);
    await vault.restart();
    expect([running.code, alone.code]).toEqual([70, 70]);
    expect(running.stderr).toMatch(
      /it was changed after it was signed, or signed for something else \(wrong_challenge\)\n$/,
    );
    expect(alone.stderr).toBe(running.stderr);
    expect(stopped()).toBeNull();
  });
});

test('an address of its own takes stops and nothing else', async () => {
  const url = vault.daemon.stopUrl ?? '';
  expect((await ask(url, { path: '/v1/vault' })).status).toBe(404);
  expect((await ask(url, { method: 'POST', path: '/v1/challenges', body: {} })).status).toBe(404);
  const body = new TextDecoder().decode(signedStopBytes(await signed(vault.ana)));
  const reply = await ask(url, { method: 'POST', path: '/v1/stops', body });
  expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([200, { already: false }]);
  expect(reply.headers['cache-control']).toBe('no-store');
  expect(stopped()).toMatchObject([{ name: 'ana' }]);
});
