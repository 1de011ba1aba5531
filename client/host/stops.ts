import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import type { VerifiedAuthority } from '../../src/core/state/authority.ts';
import { isReleasable } from '../../src/core/state/effects/release.ts';
import { judgeStop } from '../../src/core/state/rules/stop.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { Stop } from '../../src/core/statement/statement.ts';
import { dischargeClaims, type Verify } from '../replay.ts';
import { readStopFile } from '../stop-file.ts';
import type { PendingRelease } from './pending-release.ts';

/** Of a folder, in the order of their names: more are nobody's honest doing. */
const MAX_STOPS = 64;

/**
 * The stops in a file, or in the files of a folder whose names end in `.json`. What is no stop, or not there yet, is
 * left out: whoever puts a file there is nobody in particular.
 */
export async function readStops(path: string): Promise<readonly SignedStop[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) return [];
  const paths = found.isDirectory() ? await filesIn(path) : [path];
  const read = await Promise.all(paths.map((file) => readStopFile(file).catch(() => null)));
  return read.filter((stop) => stop !== null);
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .sort()
    .slice(0, MAX_STOPS)
    .map((name) => join(folder, name));
}

/**
 * The first of them that says it stops everything of this vault, or this release; null for none. Who may, the host does
 * not know before it has its authority chain: nothing rests on it, and its signature has not been verified.
 */
export function claimedStop(
  stops: readonly SignedStop[],
  { vault, release }: Pick<PendingRelease, 'vault' | 'release'>,
): Stop | null {
  const isOfThis = ({ what, target }: Stop) => what === 'all' || (what === 'release' && target === release);
  const statements = stops.map(({ statement }) => statement);
  return statements.find((said) => said.vault === vault && isOfThis(said)) ?? null;
}

/**
 * Heeds stops that reached this host by another way than the vault: each is judged as the next entry after the
 * authority chain, by the custodians and the keys that the chain names. Throws `vault_stopped`, `proposal_closed`,
 * `version_withdrawn` or `principal_retired` where one of them ends the release; what is not true, or of something
 * else, does nothing.
 */
export async function heedStops(
  { facts, release }: Pick<VerifiedAuthority, 'facts' | 'release'>,
  stops: readonly SignedStop[],
  verify: Verify,
): Promise<void> {
  for (const signed of stops) {
    const after = await ifTrue(facts, signed, verify);
    if (after === null) continue;
    const phase = after.proposals.get(release.digest)?.phase;
    must(phase === 'executed', 'proposal_closed', `the release was ${phase} by a stop that was brought to this host`);
    isReleasable(after, release.statement);
  }
}

async function ifTrue(facts: Facts, { statement, signature }: SignedStop, verify: Verify): Promise<Facts | null> {
  const { what, base, created } = statement;
  // A resumption that this host does not know of is a later one than its chain has.
  const isLater = what === 'all' && !facts.resumptions.includes(base);
  const known = isLater ? { ...facts, resumptions: [...facts.resumptions, base] } : facts;
  const place = { v: 1, index: 0, time: created, prev: '', grade: facts.genesis.grade } as const;
  try {
    const body = { statement: { ...statement }, signature };
    const { facts: after, claims } = judgeStop(known, { ...place, kind: 'stop', body });
    await dischargeClaims(claims, verify);
    return after;
  } catch (error) {
    if (error instanceof TwinlockError) return null;
    throw error;
  }
}
