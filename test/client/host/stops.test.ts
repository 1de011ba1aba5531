import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { claimedStop, heedStops, readStops } from '../../../client/host/stops.ts';
import { dropStopFile } from '../../../client/stop-file.ts';
import type { SignedStop } from '../../../src/core/log/signed-stop.ts';
import { verifyAuthority } from '../../../src/core/state/authority.ts';
import type { StatementOf } from '../../../src/core/statement/statement.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { released } from '../../core/state/stages.ts';
import { chainInputOf, makeChain } from '../../world/authority.ts';

const ZEROS = '00'.repeat(32);
const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
const code = (name: string) => expect.objectContaining({ code: name });

/** A host with its chain, and stops that were made after it. */
async function host() {
  const stage = await released();
  const authority = verifyAuthority(
    makeChain(chainInputOf(stage.world, stage.release)),
    stage.world.vault,
    stage.release,
  );
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
    await expect(heedStops(authority, [all], verify)).rejects.toThrow(code('vault_stopped'));
    const later = await signed(world.stop('all', ZEROS, ana, { base: '77'.repeat(32) }));
    await expect(heedStops(authority, [later], verify)).rejects.toThrow(code('vault_stopped'));
  });

  test('a revocation of its release, a withdrawal of its version, a retirement of its key', async () => {
    const { world, ana, release, deposit, authority, signed } = await host();
    const cases = [
      [world.stop('release', release, ana), 'proposal_closed'],
      [world.stop('release', release, world.founding.requester), 'proposal_closed'],
      [world.stop('version', deposit.manifest, ana), 'version_withdrawn'],
      [world.retirement(world.founding.requester, world.founding.requester), 'principal_retired'],
    ] as const;
    for (const [statement, expected] of cases) {
      await expect(heedStops(authority, [await signed(statement)], verify)).rejects.toThrow(code(expected));
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
    expect(claimedStop(others, pending)).toBeNull();
    expect(claimedStop([...others, revoked, all], pending)).toEqual(revoked.statement);
    expect(claimedStop([...others, all], pending)).toEqual(all.statement);
  });
});

describe('a host goes on', () => {
  test('whatever lies there that is not true, of another vault, or of something else', async () => {
    const { world, ana, ben, authority, signed } = await host();
    const [all, bens] = [await signed(world.stop('all', ZEROS, ana)), await signed(world.stop('all', ZEROS, ben))];
    const forged = { statement: all.statement, signature: bens.signature };
    const other = await signed(world.stop('all', ZEROS, ana, { vault: '77'.repeat(32) }));
    const auditor = await signed(world.retirement(world.founding.auditor, ana));
    await heedStops(authority, [forged, other, auditor], verify);
  });
});

test('stops are read from a file or a folder, and what is none is left out', async () => {
  const { world, ana, signed } = await host();
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-stops-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(await readStops(join(folder, 'absent'))).toEqual([]);
  const stop = await signed(world.stop('all', ZEROS, ana));
  const path = await dropStopFile(folder, stop);
  writeFileSync(join(folder, 'junk.json'), '{}');
  writeFileSync(join(folder, 'notes.txt'), 'x');
  expect(await readStops(folder)).toEqual([stop]);
  expect(await readStops(path)).toEqual([stop]);
});
