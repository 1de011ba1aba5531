import * as z from 'zod/mini';
import { fromBase64url, fromHex, type Hex, toHex, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type Entry, type EntryOf, MAX_ENTRY_BYTES, parseEntry } from '../log/entry.ts';
import { leafHash } from '../log/merkle.ts';
import { PROOF_HASHES_MAX, verifyConsistency, verifyInclusion } from '../log/proofs.ts';
import { digest } from '../schema.ts';
import { MAX_MEMBERS, parseStatement, statementDigest } from '../statement/statement.ts';
import { objectsOfStatement } from './apply.ts';
import type { History } from './chain.ts';
import { releaseOf } from './lifecycle.ts';
import { openWithLogKey } from './log-checkpoint.ts';
import type { Objects } from './objects.ts';
import type { Facts, Proposal, Vote } from './state.ts';

const proof = z.array(digest).check(z.maxLength(PROOF_HASHES_MAX));

/** Genesis, the proposal, an approval of each custodian at most, and the release. */
const MAX_CHAIN_ENTRIES = 1 + 1 + MAX_MEMBERS + 1;
/** The enrolments and the policy of genesis, a roster for each approval, and the manifest core. */
const MAX_CHAIN_OBJECTS = 128 + 1 + MAX_MEMBERS + 1;

/**
 * The entries that a release rests on, out of a longer log, with what proves that they are in it: what a host
 * checks from the fingerprint it was given, down to its own keys, before it opens a share. Its size does not depend on
 * that of the log.
 */
export const authorityChain = z.strictObject({
  /** Signed note. */
  checkpoint: z.string().check(z.maxLength(65_536)),
  /** Entry bytes as text, ascending by index, with their inclusion in the checkpoint. */
  entries: z
    .array(z.strictObject({ text: z.string().check(z.maxLength(MAX_ENTRY_BYTES)), proof }))
    .check(z.maxLength(MAX_CHAIN_ENTRIES)),
  /** Objects by digest, base64url. */
  objects: z
    .record(digest, z.string().check(z.maxLength(6 << 20)))
    .check(
      z.refine(
        (objects) => Object.keys(objects).length <= MAX_CHAIN_OBJECTS,
        `expected at most ${MAX_CHAIN_OBJECTS} objects`,
      ),
    ),
  /** Sizes of the log that the approvals name, each a prefix of the checkpoint's. */
  prefixes: z
    .array(z.strictObject({ size: z.int().check(z.gte(1)), root: digest, proof }))
    .check(z.maxLength(MAX_MEMBERS)),
});
export type AuthorityChain = z.infer<typeof authorityChain>;

/**
 * The indices of the entries that a release rests on, ascending: genesis, its proposal, the approvals that counted when
 * it was released, and its release. Throws `proposal_unknown`, also where it has not been released.
 */
export function authorityOf(facts: Facts, releaseDigest: Hex): readonly number[] {
  const proposal = releaseOf(facts, releaseDigest);
  must(proposal !== null, 'proposal_unknown', `no release has the digest ${releaseDigest}`);
  const { index, executed } = proposal;
  must(executed !== null, 'proposal_unknown', `the release ${releaseDigest} has not taken effect`);
  return [0, index, ...countedApprovals(facts, proposal).map((vote) => vote.index), executed.index];
}

/** The approvals that counted when a release took effect: those whose authenticator was in use then. */
export function countedApprovals(
  { authenticators }: Pick<Facts, 'authenticators'>,
  { votes, executed }: Pick<Proposal, 'votes' | 'executed'>,
): readonly Vote[] {
  return votes.filter(({ decision, credential }) => {
    const retiredAt = authenticators.get(credential)?.retiredAt ?? null;
    return decision === 'approve' && (retiredAt === null || (executed !== null && retiredAt > executed.index));
  });
}

/**
 * The objects that an entry of a chain brings, by digest: the manifest core, which the statement names, comes with
 * them.
 */
export function objectsInChain(entry: Entry): readonly Hex[] {
  if (entry.kind === 'genesis') return objectsOfStatement(parseStatement(entry.body.statement));
  return entry.kind === 'approval' ? [entry.body.roster] : [];
}

/** The objects of a chain by digest. Attacker-controlled: objectOf compares the digest of each that is taken. */
export function objectsOf({ objects }: AuthorityChain): Objects {
  return new Map(Object.entries(objects).map(([name, text]) => [name, fromBase64url(text)]));
}

/** The checkpoint that a chain is proven under. */
export interface ChainCheckpoint {
  readonly size: number;
  readonly root: Hex;
}

/** The entries of a chain, in the parts that they play. */
export interface ChainEntries {
  readonly checkpoint: ChainCheckpoint;
  readonly genesis: EntryOf<'genesis'>;
  readonly proposal: EntryOf<'proposal'>;
  readonly approvals: readonly EntryOf<'approval'>[];
  readonly granted: EntryOf<'release'>;
}

/**
 * The entries of a chain, each proven to be in the log that the genesis key signed, genesis being the fingerprint's. The
 * first that is out of order, or not in the log, is the last that is parsed. Throws `wrong_genesis`,
 * `checkpoint_invalid`, `foreign_checkpoint`, `index_gap`, `proof_invalid`, `proposal_unknown` and
 * `unknown_kind`, and what parseEntry throws.
 */
export function entriesOf(chain: AuthorityChain, fingerprint: Hex, releaseDigest: Hex): ChainEntries {
  const [first] = chain.entries;
  const genesis = first === undefined ? undefined : parseEntry(utf8(first.text));
  must(genesis?.kind === 'genesis' && genesis.index === 0, 'wrong_genesis', 'expected genesis as the first entry');
  const checkpoint = openWithGenesisKey(chain.checkpoint, genesis, fingerprint);
  const [, proposal, ...others] = includedEntries(chain.entries, checkpoint);
  const granted = others.pop();
  must(
    proposal?.kind === 'proposal',
    'proposal_unknown',
    `expected the proposal after genesis, got ${proposal?.kind ?? 'nothing'}`,
  );
  const proposed = statementDigest(parseStatement(proposal.body.statement));
  must(
    proposed === releaseDigest,
    'proposal_unknown',
    `expected the proposal of ${releaseDigest}, got that of ${proposed}`,
  );
  const isGranted = granted?.kind === 'release' && granted.body.proposal === releaseDigest;
  must(isGranted, 'proposal_unknown', `the chain does not end with the entry that makes ${releaseDigest} effective`);
  return { checkpoint, genesis, proposal, approvals: others.map((entry) => approvalOf(entry, releaseDigest)), granted };
}

function approvalOf(entry: Entry, releaseDigest: Hex): EntryOf<'approval'> {
  const what = `expected an approval of ${releaseDigest} as entry ${entry.index}`;
  must(entry.kind === 'approval', 'unknown_kind', `${what}, got a ${entry.kind}`);
  const { proposal, decision } = entry.body;
  must(proposal === releaseDigest, 'proposal_unknown', `${what}, got one of ${proposal}`);
  must(decision === 'approve', 'unknown_kind', `${what}, got a denial`);
  return entry;
}

/** The log's key is the genesis statement's, and the genesis statement is the fingerprint's. */
function openWithGenesisKey(note: string, genesis: EntryOf<'genesis'>, fingerprint: Hex): ChainCheckpoint {
  const statement = parseStatement(genesis.body.statement);
  const vault = statementDigest(statement);
  const isOurs = statement.kind === 'genesis' && vault === fingerprint;
  must(isOurs, 'wrong_genesis', `expected the vault ${fingerprint}, got ${vault}`);
  const opened = openWithLogKey(statement.log, utf8(note));
  return { size: opened.size, root: toHex(opened.root) };
}

function includedEntries(given: AuthorityChain['entries'], { size, root }: ChainCheckpoint): readonly Entry[] {
  let last = -1;
  return given.map(({ text, proof: hashes }) => {
    const bytes = utf8(text);
    const entry = parseEntry(bytes);
    must(entry.index > last, 'index_gap', `expected an entry after ${last}, got ${entry.index}`);
    verifyInclusion(leafHash(bytes), entry.index, size, hashes.map(fromHex), fromHex(root));
    last = entry.index;
    return entry;
  });
}

/** A prefix is proven when an approval names its size, and then once. Throws `proof_invalid`. */
export function historyOfPrefixes({ prefixes }: AuthorityChain, { size, root }: ChainCheckpoint): History {
  const given = new Map<number, AuthorityChain['prefixes'][number]>();
  for (const prefix of prefixes) {
    const isOther = prefix.size < size && !given.has(prefix.size);
    must(isOther, 'proof_invalid', `expected one root of the log at size ${prefix.size}, below the checkpoint's`);
    given.set(prefix.size, prefix);
  }
  const roots = new Map([[size, root]]);
  const proven = (earlier: number): Hex | null => {
    const prefix = given.get(earlier);
    if (prefix === undefined) return null;
    verifyConsistency(earlier, fromHex(prefix.root), size, fromHex(root), prefix.proof.map(fromHex));
    roots.set(earlier, prefix.root);
    return prefix.root;
  };
  return { rootAt: (earlier) => roots.get(earlier) ?? proven(earlier), timesSince: () => [] };
}
