import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import type { SignatureClaim } from '../../src/core/signature/claim.ts';
import { apply } from '../../src/core/state/apply.ts';
import type { Claim } from '../../src/core/state/judgement.ts';
import type { State } from '../../src/core/state/state.ts';
import { DischargingThreads } from '../../src/platform/threads/discharging-threads.ts';
import type { StoredLogPage } from '../../src/vault/log-page.ts';
import { EMPTY_END, replayStored } from '../../src/vault/stored-log.ts';
import { bar } from './bars.ts';
import { longLog, pagesOf } from './long-log/long-log.ts';
import { race, spreadOf } from './measure.ts';
import { type Bench, row } from './row.ts';

/** More, and a round takes so long that one is enough. */
const LONG_ENTRIES = 20_000;
const BAR_ENTRIES = 100_000;

/**
 * A whole log replayed from genesis, as a daemon does that has no snapshot: from its store, every claim discharged
 * (signatures, every host's evidence appraised again), tiles and checkpoint compared. And the fold alone.
 *
 * What verifies is against the least that checking the same log takes: its signatures by node:crypto, their
 * keys imported beforehand, without any rule. The fold is against an audit log that has none: every line
 * parsed, and its digest chained to the one before.
 */
export const replayBench: Bench = async ({ quick, entries, say }) => {
  const long = await longLog(entries, say);
  const pages: StoredLogPage[] = [];
  for await (const page of pagesOf(long)) pages.push(page);
  const claims: SignatureClaim[] = [];
  let appraisals = 0;
  foldAll(pages, (claim) => (claim.kind === 'signature' ? claims.push(claim) : appraisals++));
  const rounds = await race(
    {
      replay: { act: () => replayStored(EMPTY_END, long.log, new DischargingThreads()) },
      fold: { act: () => foldAll(pages, () => undefined) },
      signatures: { act: bareVerification(claims) },
      chain: { act: () => chainAll(pages) },
    },
    quick || entries > LONG_ENTRIES ? 2 : 5,
  );
  long.close();
  const bare = { what: 'its signatures alone, bare node:crypto', rounds: rounds.signatures };
  const chain = { what: 'JSON.parse and a SHA-256 chain', rounds: rounds.chain };
  const each = { unit: 'entries/s', work: entries } as const;
  const whole = { unit: 's', work: 1 } as const;
  const all = `replay of ${entries} entries, ${claims.length} signatures, ${appraisals} appraisals`;
  const cores = availableParallelism();
  return {
    rows: [
      row('replay', all, rounds.replay, each, bare),
      row('replay', 'the same, whole', rounds.replay, whole, bare),
      row('replay', 'the fold alone, no claim discharged', rounds.fold, each, chain),
      row('replay', 'the same, whole', rounds.fold, whole, chain),
    ],
    bars: [
      bar({
        ...{ bench: 'replay', what: `replay of ${entries} entries on ${cores} cores` },
        ...{ got: spreadOf(rounds.replay).median, limit: 30, unit: 's', entries, entriesMin: BAR_ENTRIES },
      }),
    ],
    skipped: [],
  };
};

/** Folds the log and hands every claim on. */
function foldAll(pages: readonly StoredLogPage[], take: (claim: Claim) => unknown): void {
  let state: State | null = null;
  for (const { entries, objects } of pages) {
    for (const bytes of entries) {
      const applied = apply(state, bytes, objects);
      state = applied.state;
      for (const claim of applied.claims) take(claim);
    }
  }
}

function chainAll(pages: readonly StoredLogPage[]): void {
  let prev = '';
  for (const text of pages.flatMap(({ entries }) => entries.map(fromUtf8))) {
    JSON.parse(text);
    prev = createHash('sha256').update(prev).update(text).digest('hex');
  }
}

/** Both algorithms that this log has, as one would call them by hand. */
function bareVerification(claims: readonly SignatureClaim[]): () => void {
  const calls = claims.map((claim) => ({
    claim,
    hash: claim.algorithm === 'ES256' ? 'sha256' : null,
    key: keyOf(claim),
  }));
  return () => {
    for (const { claim, hash, key } of calls) {
      const isTrue = verify(hash, claim.message, { key, dsaEncoding: 'ieee-p1363' }, claim.signature);
      if (!isTrue) throw new Error(`${claim.what}: not true`);
    }
  };
}

function keyOf({ algorithm, publicKey }: SignatureClaim): KeyObject {
  const part = (from: number, to?: number) => toBase64url(publicKey.subarray(from, to));
  const key =
    algorithm === 'ES256'
      ? { kty: 'EC', crv: 'P-256', x: part(1, 33), y: part(33) }
      : { kty: 'OKP', crv: 'Ed25519', x: part(0) };
  return createPublicKey({ key, format: 'jwk' });
}
