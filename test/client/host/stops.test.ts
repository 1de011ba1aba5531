import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { claimsToStop, heedStops, requireStopPlace, StopPlace } from '../../../client/host/stops.ts';
import { dropStopFile, writeStopFile } from '../../../client/statements/stop-file.ts';
import type { SignedStop } from '../../../src/core/log/signed-stop.ts';
import { type StatementOf, statementDigest } from '../../../src/core/statement/statement.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { released } from '../../core/state/stages.ts';
import { chainInputOf, makeChain, shownBy } from '../../world/authority.ts';
import { runProgram } from '../../world/command-line.ts';

const ZEROS = '00'.repeat(32);
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
const code = (name: string) => expect.objectContaining({ code: name });

/** A place where these lie, in the order of their names, and what its host was told. */
async function placeWith(stops: readonly SignedStop[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-stops-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [i, stop] of stops.entries()) await writeStopFile(join(folder, `${i}.json`), stop);
  const told: string[] = [];
  const notices = {
    ignored: (line: string) => told.push(line.replace(`${folder}/`, '')),
    gone: () => told.push('gone'),
  };
  return { folder, told, place: new StopPlace(folder, notices) };
}

async function found(place: StopPlace): Promise<readonly SignedStop[]> {
  const all: SignedStop[] = [];
  for await (const { signed } of place.look()) all.push(signed);
  return all;
}

/** A host with its chain, and stops that were made after it. */
async function host() {
  const stage = await released();
  const authority = shownBy(makeChain(chainInputOf(stage.world, stage.release)), stage.world.vault, stage.release);
  const signed = async (statement: StatementOf<'stop'>): Promise<SignedStop> => {
    const { body } = await stage.world.draftStop(statement);
    return { statement, signature: body.signature };
  };
  return { ...stage, authority, signed };
}

describe('a host that has its authority chain is ended by', () => {
  test('a stop of everything, also one that rests on a resumption later than its chain', async () => {
    const { world, ana, authority, signed } = await host();
    const all = await signed(world.stop('all', ZEROS, ana));
    await expect(heedStops(authority, (await placeWith([all])).place, verify)).rejects.toThrow(code('vault_stopped'));
    const later = await signed(world.stop('all', ZEROS, ana, { base: '77'.repeat(32) }));
    await expect(heedStops(authority, (await placeWith([later])).place, verify)).rejects.toThrow(code('vault_stopped'));
  });

  test('a revocation of its release, a withdrawal of its version, a retirement of its key', async () => {
    const { world, ana, release, deposit, authority, signed } = await host();
    const cases = [
      [world.stop('release', release, ana), 'release_revoked'],
      [world.stop('release', release, world.founding.requester), 'release_revoked'],
      [world.stop('version', deposit.manifest, ana), 'version_withdrawn'],
      [world.retirement(world.founding.requester, world.founding.requester), 'principal_retired'],
    ] as const;
    for (const [statement, expected] of cases) {
      const { place } = await placeWith([await signed(statement)]);
      await expect(heedStops(authority, place, verify)).rejects.toThrow(code(expected));
    }
  });
});

describe('a host that has no authority chain yet', () => {
  test('is told of a stop of everything and of its release, and of no other and no other vault’s', async () => {
    const { world, ana, release, deposit, signed } = await host();
    const pending = { vault: world.vault, release };
    const all = await signed(world.stop('all', ZEROS, ana));
    const revoked = await signed(world.stop('release', release, ana));
    const elsewhere = { ...all, statement: { ...all.statement, vault: '77'.repeat(32) } };
    const others = [
      elsewhere,
      await signed(world.stop('release', '77'.repeat(32), ana)),
      await signed(world.stop('version', deposit.manifest, ana)),
    ];
    const isTold = ({ statement }: SignedStop) => claimsToStop(statement, pending);
    expect(others.map(isTold)).toEqual([false, false, false]);
    expect([revoked, all].map(isTold)).toEqual([true, true]);
  });
});

describe('a host goes on', () => {
  test('where a file there is not true, of another vault, or of something else, and says why it is ignored', async () => {
    const { world, ana, ben, authority, signed } = await host();
    const [all, bens] = [await signed(world.stop('all', ZEROS, ana)), await signed(world.stop('all', ZEROS, ben))];
    const forged = { statement: all.statement, signature: bens.signature };
    const other = await signed(world.stop('all', ZEROS, ana, { vault: '77'.repeat(32) }));
    const auditor = await signed(world.retirement(world.founding.auditor, ana));
    const own = await signed(world.retirement(world.founding.requester, world.founding.requester));
    const altered = { ...own, statement: { ...own.statement, reason: 'changed' } };
    const { place, told } = await placeWith([forged, other, auditor, altered]);
    await heedStops(authority, place, verify);
    expect(told.sort()).toEqual([
      expect.stringMatching(/^0\.json: /),
      expect.stringMatching(/^1\.json: expected vault /),
      '2.json: it stops something else than this release',
      expect.stringMatching(/^3\.json: the machine’s key .* it was changed after it was signed.*cannot be told/),
    ]);
  });
});

describe('where stops are brought to a host', () => {
  test('a true one is found behind any number of files that are none', async () => {
    const { world, ana, authority, signed } = await host();
    const { folder, place, told } = await placeWith();
    for (let i = 0; i < 200; i++) writeFileSync(join(folder, `0-${i}.json`), '{}');
    const path = await dropStopFile(folder, await signed(world.stop('all', ZEROS, ana)));
    renameSync(path, join(folder, 'z.json'));
    await expect(heedStops(authority, place, verify)).rejects.toThrow(code('vault_stopped'));
    expect(told.every((line) => line.startsWith('0-'))).toBe(true);
  });

  test('a folder or a file is read once, and again when it has changed, and what is ignored is told', async () => {
    const { world, ana, signed } = await host();
    const stop = await signed(world.stop('all', ZEROS, ana));
    const { folder, place, told } = await placeWith();
    writeFileSync(join(folder, 'a.json'), '{}');
    writeFileSync(join(folder, 'notes.txt'), 'x');
    mkdirSync(join(folder, 'folder.json'));
    const path = await dropStopFile(folder, stop);
    expect(await found(place)).toEqual([stop]);
    const first = told.splice(0).sort();
    expect(first.map((line) => line.split(': ')[0])).toEqual(['a.json', 'folder.json', 'notes.txt']);
    expect(await found(place)).toEqual([]);
    expect(told.splice(0)).toEqual(['notes.txt: its name does not end in .json']);
    rmSync(join(folder, 'a.json'));
    await writeStopFile(join(folder, 'a.json'), stop);
    expect(await found(place)).toEqual([stop]);
    expect(await found(new StopPlace(path, { ignored: () => undefined, gone: () => undefined }))).toEqual([stop]);
  });

  test('a stop is brought there also where a run before it has left its name aside', async () => {
    const { world, ana, signed } = await host();
    const stop = await signed(world.stop('all', ZEROS, ana));
    const { folder, place } = await placeWith();
    writeFileSync(join(folder, `.${statementDigest(stop.statement)}.json.${process.pid}`), 'half of a');
    await dropStopFile(folder, stop);
    expect(await found(place)).toEqual([stop]);
  });

  test('one that disappears is told of, once, and is looked at again when it is back', async () => {
    const { world, ana, signed } = await host();
    const { folder, place, told } = await placeWith();
    rmSync(folder, { recursive: true });
    expect([await found(place), await found(place), told]).toEqual([[], [], ['gone']]);
    mkdirSync(folder);
    const stop = await signed(world.stop('all', ZEROS, ana));
    await dropStopFile(folder, stop);
    expect(await found(place)).toEqual([stop]);
  });

  test('one that is not there is refused at the start with what to do', async () => {
    const { folder } = await placeWith();
    await requireStopPlace(folder);
    await expect(requireStopPlace(join(folder, 'absent'))).rejects.toThrow(
      expect.objectContaining({
        code: 'not_found',
        message: expect.stringMatching(/^--stops .*absent: .*make the folder/),
      }),
    );
  });

  test('one that this user may not read is refused before the vault is asked', { timeout: 60_000 }, async () => {
    const { folder } = await placeWith();
    const [home, stops] = [join(folder, 'home'), join(folder, 'stops')];
    for (const path of [home, stops]) mkdirSync(path);
    for (const path of [folder, home]) chmodSync(path, 0o755);
    chmodSync(stops, 0);
    const args = ['fetch', 'acme/ocr@1', '--to', join(home, 'to'), '--reason', 'x', '--stops', stops];
    // What root may, nothing forbids: it takes another user's place.
    const options = process.getuid?.() === 0 ? { uid: 65_534 } : {};
    const { code, stderr } = await runProgram('client/cli.ts', args, home, options);
    expect([code, stderr]).toEqual([
      64,
      `twinlock: --stops ${stops}: this user may not use it (see its owner and its mode): make the folder and let this user read it, or name the one where stops are brought to this host (not_permitted)\n`,
    ]);
  });
});
