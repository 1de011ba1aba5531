import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { toBase64url, utf8 } from '../../src/core/bytes.ts';
import type { SignatureClaim } from '../../src/core/signature/claim.ts';
import { apply } from '../../src/core/state/apply.ts';
import { type Replayed, replay } from '../../src/core/state/replay.ts';
import type { State } from '../../src/core/state/state.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { type LongLog, longLog } from './long-log.ts';
import { race } from './measure.ts';
import { type Bench, row } from './row.ts';

const ENTRIES = 10_000;
const QUICK_ENTRIES = 500;
/** As a client asks for them. */
const PAGE_ENTRIES = 500;

/**
 * A whole log replayed from genesis, as every daemon, client and auditor does before it believes anything:
 * with all claims discharged (signatures by node:crypto, every host's evidence appraised again), without the
 * appraisals, and the fold alone.
 *
 * What verifies is against the least that checking the same log takes: its signatures by node:crypto, their
 * keys imported beforehand, without any rule. The fold is against an audit log that has none: every line
 * parsed, and its digest chained to the one before.
 */
export const replayBench: Bench = async ({ quick, say }) => {
  const log = await longLog(quick ? QUICK_ENTRIES : ENTRIES, say);
  const { signatures, appraisals } = await replayAll(log);
  const claims: SignatureClaim[] = [];
  foldAll(log, (claim) => claims.push(claim));
  const rounds = await race(
    {
      replay: { act: () => replayAll(log) },
      signed: { act: () => foldAll(log, verifyNode) },
      fold: { act: () => foldAll(log, () => undefined) },
      signatures: { act: bareVerification(claims) },
      chain: { act: () => chainAll(log) },
    },
    quick ? 2 : 5,
  );
  const entries = log.texts.length;
  const bare = { what: 'its signatures alone, bare node:crypto', rounds: rounds.signatures };
  const chain = { what: 'JSON.parse and a SHA-256 chain', rounds: rounds.chain };
  const each = { unit: 'entries/s', work: entries } as const;
  const whole = { unit: 's', work: 1 } as const;
  const all = `replay of ${entries} entries, ${signatures} signatures, ${appraisals} appraisals`;
  return {
    rows: [
      row('replay', all, rounds.replay, each, bare),
      row('replay', 'the same, whole', rounds.replay, whole, bare),
      row('replay', 'without the appraisals', rounds.signed, each, bare),
      row('replay', 'the fold alone, no claim discharged', rounds.fold, each, chain),
      row('replay', 'the same, whole', rounds.fold, whole, chain),
    ],
    skipped: [],
  };
};

async function replayAll({ texts, objects }: LongLog): Promise<{ signatures: number; appraisals: number }> {
  let state: State | null = null;
  let signatures = 0;
  let appraisals = 0;
  for (let from = 0; from < texts.length; from += PAGE_ENTRIES) {
    const page = texts.slice(from, from + PAGE_ENTRIES).map(utf8);
    const { sound, fault }: Replayed = await replay(state, page, objects, async (claim) => verifyNode(claim));
    if (fault !== null) throw fault;
    state = sound.at(-1)?.state ?? state;
    for (const { kind } of sound.flatMap(({ claims }) => claims)) {
      if (kind === 'appraisal') appraisals += 1;
      else signatures += 1;
    }
  }
  return { signatures, appraisals };
}

/** Folds the log and hands every signature claim on. */
function foldAll({ texts, objects }: LongLog, take: (claim: SignatureClaim) => unknown): void {
  let state: State | null = null;
  for (const text of texts) {
    const applied = apply(state, utf8(text), objects);
    state = applied.state;
    for (const claim of applied.claims) if (claim.kind === 'signature') take(claim);
  }
}

function chainAll({ texts }: LongLog): void {
  let prev = '';
  for (const text of texts) {
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
