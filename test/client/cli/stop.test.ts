import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signStop } from '../../../client/custodian/stop.ts';
import { writePrincipalKey } from '../../../client/principal/principal-file.ts';
import { writeStopFile } from '../../../client/statements/stop-file.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { exitCodeOf } from '../../../src/core/exit-codes.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { runProgram } from '../../world/command-line.ts';
import { stopAs } from '../../world/vault/acts.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let vault: Vault;
let home: string;
beforeAll(async () => {
  vault = await openVault({}, { stopListen: { host: '127.0.0.1', port: 0 } });
  home = mkdtempSync(join(tmpdir(), 'twinlock-stop-'));
  await writePrincipalKey(join(home, 'serving.key'), vault.prepared.machines.requester);
});
afterAll(async () => {
  await vault.close();
  rmSync(home, { recursive: true });
  expect(vault.failures).toEqual([]);
});

const twinlock = (...args: string[]) => {
  const ca = join(vault.prepared.dataDir, 'tls.crt');
  return runProgram('client/cli.ts', ['stop', ...args, '--ca', ca, '--fingerprint', vault.fingerprint], home);
};
const key = () => ['--key', join(home, 'serving.key')];
const facts = () => vault.daemon.context.recorder.facts;

test('what a console signed is delivered by the address that answers', async () => {
  const file = join(home, 'stop.json');
  const ceremony = { authenticator: vault.ana.device, random: platformRandom, now: () => 0 };
  const [own] = vault.ana.enrolled;
  if (own === undefined) throw new Error('expected an enrolled authenticator');
  await writeStopFile(file, await signStop(ceremony, vault.fingerprint, own, { what: 'all', reason: 'a drill' }, null));
  const none = join(home, 'none.json');
  writeFileSync(none, '{}');
  const noStop = await twinlock(none, '--vault', vault.baseUrl);
  expect([noStop.code, noStop.stderr]).toEqual([
    64,
    `twinlock: ${none}: this file is no stop. A stop is what a custodian’s console saves (Stop), or twinlock stop --out writes: stop.v: expected 1 (malformed)\n`,
  ]);
  const unreachable = await twinlock(file, '--vault', 'https://127.0.0.1:2');
  expect(unreachable.code).toBe(69);
  expect(unreachable.stderr).toContain(`carry ${file} to the vault’s machine, and run there: twinlockd stop ${file}`);
  const reasoned = await twinlock(file, '--reason', 'x', '--vault', vault.baseUrl);
  expect([reasoned.code, reasoned.stderr]).toEqual([64, expect.stringContaining('leave --reason out')]);
  const also = ['--also', vault.daemon.stopUrl ?? ''];
  const run = await twinlock(file, '--vault', 'https://127.0.0.1:2', ...also, '--json');
  expect([run.stderr, run.code]).toEqual(['', 0]);
  expect(run.json()).toMatchObject({ what: 'all', already: false, via: also[1], stopped: [{ name: 'ana' }] });
  const again = await twinlock(file, '--vault', vault.baseUrl);
  expect([again.code, again.stdout]).toEqual([
    0,
    expect.stringMatching(/^stopped already: everything, by the security key \S+\nthe vault is stopped\n$/),
  ]);
});

test('a machine signs with nothing but its key and the fingerprint, for the file, a host’s folder, and the vault', async () => {
  const folder = join(home, 'stops');
  mkdirSync(folder);
  const reason = ['--reason', 'stolen'];
  const out = join(home, 'retired.json');
  expect((await twinlock('--retire', ...key(), ...reason, '--out', out)).code).toBe(0);
  expect(existsSync(out)).toBe(true);
  const down = await twinlock('--retire', ...key(), ...reason, '--vault', 'https://127.0.0.1:2');
  expect([down.code, down.stderr]).toEqual([
    69,
    expect.stringMatching(/run this again with --out FILE, .*twinlockd stop FILE/),
  ]);
  const nowhere = await twinlock(out, '--to-host', join(home, 'nofolder'));
  const missing = `twinlock: ${join(home, 'nofolder')}: there is no such file or folder (not_found)\n`;
  expect([nowhere.code, nowhere.stderr]).toEqual([64, missing]);
  expect((await twinlock(out, '--to-host', folder)).code).toBe(0);
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
  const run = await twinlock(out, '--vault', vault.baseUrl, '--json');
  const requesterKey = { name: 'requester-key', owner: 'ana', person: vault.ana.custodian.person };
  expect(run.json()).toMatchObject({
    what: 'principal',
    already: false,
    names: { by: requesterKey, target: requesterKey },
  });
  expect(facts().principals.get(vault.requester.principal.key)?.retiredAt).not.toBeNull();
});

test('a machine that retires its key a second time is told that it is so, since when and by whom, and no more', async () => {
  const size = () => vault.daemon.context.recorder.size;
  const before = size();
  const carried = join(home, 'again.json');
  await twinlock('--retire', ...key(), '--reason', 'stolen, too', '--out', carried);
  const earlier = { name: 'ana', person: vault.ana.custodian.person, reason: 'stolen' };
  for (const how of [['--retire', ...key(), '--reason', 'stolen, too'], [carried]]) {
    const said = await twinlock(...how, '--vault', vault.baseUrl);
    expect([said.code, said.stderr]).toEqual([0, '']);
    expect(said.stdout).toMatch(
      /^retired already: .*\nsince {9}the vault says: “ana”, person [0-9a-f]{32}, at 20.*: “stolen”\n$/,
    );
    // Everything is stopped as well. A key that is out does not hear who did that.
    const run = await twinlock(...how, '--vault', vault.baseUrl, '--json');
    expect(run.json()).toMatchObject({ already: true, earlier, stopped: null });
  }
  const { dataDir } = vault.prepared;
  const byHand = await runProgram('src/main.ts', ['--data', dataDir, 'stop', carried], home);
  expect([byHand.code, byHand.stderr]).toEqual([0, '']);
  expect(byHand.stdout).toMatch(
    /^retired already: .*\nsince it was stopped by “ana”, .*: “stolen”\nthe vault is stopped by “ana”/,
  );
  expect(size()).toBe(before);
});

test('a deposit and a publication say a stop, and a deposit beforehand that no quorum could publish the version', async () => {
  const secret = join(home, 'training.key');
  await writePrincipalKey(secret, vault.prepared.machines.depositor);
  mkdirSync(join(home, 'model'));
  writeFileSync(join(home, 'model', 'config.json'), '{}');
  const ca = join(vault.prepared.dataDir, 'tls.crt');
  const where = ['--vault', vault.baseUrl, '--ca', ca, '--fingerprint', vault.fingerprint, '--key', secret];
  const asDepositor = (...args: string[]) => runProgram('client/cli.ts', [...args, ...where], home);
  const deposited = await asDepositor('deposit', join(home, 'model'), '--as', 'acme/ocr@1');
  const published = await asDepositor('publish', 'acme/ocr@1');
  for (const { code, stderr } of [deposited, published]) {
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^STOPPED +by “ana”, .*: “a drill”.*\nstopped .* until a quorum resumes/m),
    ]);
    expect(stderr).not.toContain('warning');
  }
  const [key] = vault.ben.enrolled;
  await stopAs(vault.ben, { what: 'authenticator', credential: key?.credential ?? '', reason: 'lost' });
  const { code, stderr } = await asDepositor('deposit', join(home, 'model'), '--as', 'acme/ocr@2');
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(
      /warning +no quorum can publish it: 2 of 3 custodians must approve, and 1 can: .*“ana”, .*owns the machine.*“ben”, .*has no security key in use/,
    ),
  ]);
});

test('refuses to guess: nothing named, two things named, no reason, no key', async () => {
  for (const args of [
    [],
    ['--retire', ...key()],
    ['--retire', '--release', 'ab'.repeat(32), ...key()],
    ['--retire', '--reason', 'x'],
    ['--release', 'ab'.repeat(8), '--reason', 'x', ...key()],
  ]) {
    expect((await twinlock(...args)).code).toBe(64);
  }
});

test('what a stopped vault refuses is to be tried again once it is resumed', () => {
  expect(exitCodeOf(new TwinlockError('vault_stopped', 'stopped'))).toBe(9);
});
