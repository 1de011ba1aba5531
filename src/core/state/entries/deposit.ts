import { fromBase64url } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { EntryOf, EnvelopeName } from '../../log/entry.ts';
import { quoted } from '../../quoted.ts';
import { commitmentsDigest } from '../../share/commitments.ts';
import { inScope, outOfScopeText } from '../../statement/principal.ts';
import { encryptedBytes } from '../../weights/floe.ts';
import { type ManifestCore, manifestSignatureMessage, plainBytes } from '../../weights/manifest.ts';
import { withSpellings } from '../checks/names.ts';
import { currentPrincipal, ed25519Claim } from '../checks/signatures.ts';
import { committeeInForce, committeeOf } from '../committees.ts';
import type { Judgement, Surroundings } from '../judgement.ts';
import { manifestObject } from '../objects.ts';
import { type Committee, type Facts, type Principal, versionKey } from '../state.ts';

/** A new model version, quarantined until its publication has its quorum. */
export function judgeDeposit(facts: Facts, entry: EntryOf<'deposit'>, { objects }: Surroundings): Judgement {
  const { manifest, signature, envelopes } = entry.body;
  const core = manifestObject(objects, manifest);
  must(core.vault === facts.vault, 'wrong_vault', `manifest.vault: expected ${facts.vault}, got ${core.vault}`);
  const depositor = depositorOf(facts, core);
  requireForCommittee(committeeInForce(facts), core);
  const key = versionKey(core.model, core.version);
  must(
    !facts.names.has(key),
    'version_exists',
    `${key} has been deposited before: a version is used once, take another`,
  );
  const spellings = withSpellings(facts.spellings, core.model, core.version);
  requireCommitteesEnvelopes(facts, committeeOf(facts, core), envelopes);
  const message = manifestSignatureMessage(facts.vault, manifest);
  return {
    claims: [ed25519Claim(core.depositor, message, signature, `manifest of ${key}`)],
    facts: {
      ...facts,
      names: facts.names.set(key, manifest),
      spellings,
      versions: facts.versions.set(manifest, {
        model: core.model,
        version: core.version,
        manifest,
        commitments: commitmentsDigest(core.commitments.map(fromBase64url)),
        keyCheck: core.keyCheck,
        committee: core.committee,
        epoch: core.epoch,
        depositor: core.depositor,
        owner: depositor.owner,
        bytes: core.files.reduce((sum, file) => sum + BigInt(encryptedBytes(plainBytes(file))), 0n),
        files: core.files.length,
        time: entry.time,
        phase: 'quarantined',
        stop: null,
        envelopes,
        confirmed: [],
      }),
    },
  };
}

function depositorOf(facts: Facts, core: ManifestCore): Principal {
  const depositor = currentPrincipal(facts, core.depositor);
  must(
    depositor.role === 'depositor',
    'not_permitted',
    `the key ${quoted(depositor.name)} is enrolled as ${depositor.role}`,
  );
  must(inScope(depositor.models, core.model), 'out_of_scope', outOfScopeText(depositor, core.model));
  return depositor;
}

/** Its shares are the committee's, of this epoch. Throws `committee_mismatch`. */
export function requireForCommittee(committee: Committee, core: ManifestCore): void {
  const indices = committee.members.map((member) => member.index).sort((a, b) => a - b);
  const same =
    core.committee === committee.id &&
    core.epoch === committee.epoch &&
    core.threshold === committee.threshold &&
    core.indices.join() === indices.join();
  must(
    same,
    'committee_mismatch',
    `manifest: expected committee ${committee.id}, epoch ${committee.epoch}, t = ${committee.threshold} and indices ${indices.join(' ')}`,
  );
}

/** One envelope for each authenticator in use of each custodian: none left out, none added. */
function requireCommitteesEnvelopes(
  { authenticators }: Facts,
  { members }: Committee,
  envelopes: readonly EnvelopeName[],
): void {
  const indexOf = new Map(members.map((member) => [member.person, member.index]));
  const expected = authenticators
    .valueSeq()
    .filter((authenticator) => authenticator.retiredAt === null && indexOf.has(authenticator.person))
    .map((a) => `${a.person} ${indexOf.get(a.person)} ${a.credential}`)
    .toArray();
  const got = envelopes.map((e) => `${e.person} ${e.index} ${e.credential}`);
  const same =
    got.length === expected.length && new Set(got).size === got.length && got.every((e) => expected.includes(e));
  must(
    same,
    'envelopes_mismatch',
    `expected one envelope for each of the ${expected.length} authenticators in use, with its person's index`,
  );
}
