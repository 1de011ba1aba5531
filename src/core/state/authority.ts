import * as z from 'zod/mini';
import { parseEvidence } from '../attest/evidence.ts';
import { fromBase64url, fromHex, type Hex, toHex, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type Entry, MAX_ENTRY_BYTES, parseEntry } from '../log/entry.ts';
import { leafHash } from '../log/merkle.ts';
import { PROOF_HASHES_MAX, verifyConsistency, verifyInclusion } from '../log/proofs.ts';
import { digest, parseAs } from '../schema.ts';
import { parseStatement, type StatementOf, statementDigest } from '../statement/statement.ts';
import { judge } from './apply.ts';
import type { History } from './chain.ts';
import { requireReleasable } from './effects/release.ts';
import type { Claim, Objects } from './judgement.ts';
import { openWithLogKey } from './log-checkpoint.ts';
import { atCorrection } from './rules/time.ts';
import type { Facts, Proposal } from './state.ts';

const proof = z.array(digest).check(z.maxLength(PROOF_HASHES_MAX));

/**
 * The entries that a release rests on, out of a longer log, with what proves that they are in it: what a host
 * checks from the fingerprint it was given, down to its own keys, before it opens a share.
 */
export const authorityChain = z.strictObject({
  /** Signed note. */
  checkpoint: z.string().check(z.maxLength(65_536)),
  /** Entry bytes as text, ascending by index, with their inclusion in the checkpoint. */
  entries: z
    .array(z.strictObject({ text: z.string().check(z.maxLength(MAX_ENTRY_BYTES)), proof }))
    .check(z.maxLength(10_000)),
  /** Evidential objects by digest. */
  objects: z.record(digest, z.string().check(z.maxLength(6 << 20))),
  /** Earlier sizes of the log that the entries name, each a prefix of the checkpoint's. */
  prefixes: z.array(z.strictObject({ size: z.int().check(z.gte(1)), root: digest, proof })).check(z.maxLength(10_000)),
});
export type AuthorityChain = z.infer<typeof authorityChain>;

/** The indices of the entries that a release rests on, ascending. Throws `proposal_unknown`. */
export function authorityOf(facts: Facts, release: Hex): readonly number[] {
  const proposal = facts.proposals.get(release);
  must(proposal?.statement.kind === 'release', 'proposal_unknown', `no release has the digest ${release}`);
  const { constitution, versions, proposals } = facts.grounds;
  const { manifest } = proposal.statement;
  const indices = [...constitution, ...(versions.get(manifest) ?? []), ...(proposals.get(release) ?? [])];
  return [...new Set(indices)].sort((a, b) => a - b);
}

/** Sizes of the log that an entry names, whose roots its judge must know. */
export function sizesNamed(entry: Entry, objects: Objects): readonly number[] {
  if (entry.kind === 'approval') return [entry.body.checkpoint.size];
  if (entry.kind !== 'proposal' || entry.body.statement['kind'] !== 'release') return [];
  const { hosts } = entry.body.statement as unknown as StatementOf<'release'>;
  return hosts.flatMap((host) => {
    const bytes = objects.get(host.evidence);
    return bytes === undefined ? [] : [parseEvidence(bytes).evidence.checkpoint.size];
  });
}

export interface VerifiedAuthority {
  readonly facts: Facts;
  readonly release: Proposal<StatementOf<'release'>>;
  readonly checkpoint: { readonly size: number; readonly root: Hex };
}

/** Entries that are judged before the claims of all of them are discharged. */
const STEP_ENTRIES = 64;

/**
 * Checks an attacker-controlled authority chain: *no proof, no weights*.
 *
 * Every entry is in the log that the genesis key signed, the genesis is the fingerprint's, and the entries
 * alone, folded by the same rules as the whole log, make the release effective. Gives the claims of at most 64 entries
 * at a time. The caller discharges them before it asks for the next: so what a hostile vault makes up costs no more than
 * the 64 entries that it is among, and the caller may rest, tell how far it is, or give up. Returns what the chain has
 * shown. Throws `wrong_genesis`, `checkpoint_invalid`, `proof_invalid`, `index_gap`, `unknown_kind`, `time_backwards`,
 * `release_unknown`, and the code of whichever rule is broken.
 */
export function* verifyAuthority(
  value: unknown,
  fingerprint: Hex,
  release: Hex,
): Generator<readonly Claim[], VerifiedAuthority, void> {
  const chain = parseAs(authorityChain, value, 'authority');
  const objects = new Map(Object.entries(chain.objects).map(([name, text]) => [name, fromBase64url(text)]));
  const [first] = chain.entries;
  const genesis = first === undefined ? undefined : parseEntry(utf8(first.text));
  const checkpoint = openWithGenesisKey(chain.checkpoint, genesis, fingerprint);
  const times = new Map<number, number>();
  const history = historyOfPrefixes(chain, times, checkpoint);
  let facts: Facts | null = null;
  let last = -1;
  for (let from = 0; from < chain.entries.length; from += STEP_ENTRIES) {
    const entries = includedEntries(chain.entries.slice(from, from + STEP_ENTRIES), last, checkpoint);
    const claims: Claim[] = [];
    for (const entry of entries) {
      times.set(entry.index, entry.time);
      const judgement = judge(facts === null ? null : atCorrection(facts, entry), entry, objects, history);
      facts = judgement.facts;
      claims.push(...judgement.claims);
      last = entry.index;
    }
    yield claims;
  }
  const proposal = facts?.proposals.get(release);
  const isInForce = proposal?.phase === 'executed' && !proposal.ended;
  must(
    facts !== null && isInForce && isRelease(proposal),
    'release_unknown',
    `the chain does not make ${release} effective`,
  );
  // A chain that goes on after the release may hold a stop: that needed only one, and counts here as well.
  requireReleasable(facts, proposal.statement);
  return { facts, release: proposal, checkpoint };
}

function isRelease(proposal: Proposal): proposal is Proposal<StatementOf<'release'>> {
  return proposal.statement.kind === 'release';
}

/** The log's key is the genesis statement's, and the genesis statement is the fingerprint's. */
function openWithGenesisKey(note: string, first: Entry | undefined, fingerprint: Hex) {
  must(first?.kind === 'genesis' && first.index === 0, 'wrong_genesis', 'expected genesis as the first entry');
  const statement = parseStatement(first.body.statement);
  const vault = statementDigest(statement);
  const isOurs = statement.kind === 'genesis' && vault === fingerprint;
  must(isOurs, 'wrong_genesis', `expected the vault ${fingerprint}, got ${vault}`);
  const opened = openWithLogKey(statement.log, utf8(note));
  return { size: opened.size, root: toHex(opened.root) };
}

/** The vault writes them by itself, as many as it likes: no release rests on one. */
const NO_AUTHORITY: ReadonlySet<Entry['kind']> = new Set(['heartbeat', 'refusal']);

/** The first entry that is repeated, out of order, of no authority or not in the log is the last that is parsed. */
function includedEntries(
  given: AuthorityChain['entries'],
  after: number,
  checkpoint: { size: number; root: Hex },
): readonly Entry[] {
  const entries: Entry[] = [];
  for (const { text, proof: hashes } of given) {
    const bytes = utf8(text);
    const entry = parseEntry(bytes);
    const before = entries.at(-1)?.index ?? after;
    must(entry.index > before, 'index_gap', `expected an entry after ${before}, got ${entry.index}`);
    must(
      !NO_AUTHORITY.has(entry.kind),
      'unknown_kind',
      `expected an entry that a release rests on, got the ${entry.kind} ${entry.index}`,
    );
    verifyInclusion(leafHash(bytes), entry.index, checkpoint.size, hashes.map(fromHex), fromHex(checkpoint.root));
    entries.push(entry);
  }
  return entries;
}

/** `times` are those of the entries so far. A prefix is proven when an entry names its size, and then once. */
function historyOfPrefixes(
  { prefixes }: AuthorityChain,
  times: ReadonlyMap<number, number>,
  checkpoint: { size: number; root: Hex },
): History {
  const given = new Map<number, AuthorityChain['prefixes'][number]>();
  for (const prefix of prefixes) {
    const { size } = prefix;
    const isOther = size < checkpoint.size && !given.has(size);
    must(isOther, 'proof_invalid', `expected one root of the log at size ${size}, below the checkpoint's`);
    given.set(size, prefix);
  }
  const roots = new Map([[checkpoint.size, checkpoint.root]]);
  const proven = (size: number): Hex | null => {
    const prefix = given.get(size);
    if (prefix === undefined) return null;
    const { root, proof: hashes } = prefix;
    verifyConsistency(size, fromHex(root), checkpoint.size, fromHex(checkpoint.root), hashes.map(fromHex));
    roots.set(size, root);
    return root;
  };
  const timesSince = (from: number) => [...times].filter(([index]) => index >= from).map(([, time]) => time);
  return { rootAt: (size) => roots.get(size) ?? proven(size), timesSince };
}
