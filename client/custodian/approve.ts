import { equal, type Hex, toBase64url, toHex } from '../../src/core/bytes.ts';
import { sealHostShare } from '../../src/core/envelope/host-share.ts';
import { signSealed } from '../../src/core/envelope/sealed-signature.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { humanText, parseAs } from '../../src/core/schema.ts';
import { unknownProposalText } from '../../src/core/state/lifecycle.ts';
import { rosterDigest } from '../../src/core/state/roster.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import type { Api } from '../api/api.ts';
import type { Replica } from '../log/replica.ts';
import type { AllowedCredential, Touch } from './authenticator.ts';
import { allowed, archived, type Custodian, ownAuthenticators } from './ceremony.ts';
import { appraiseHosts, type HostReview } from './host-review.ts';
import { type Obstacle, obstaclesOf } from './obstacles.ts';
import { type Custody, custodyOf, fetchOwnEnvelopes, type OpenedShare, openOwnShare } from './own-share.ts';
import type { Review } from './review.ts';
import { sending } from './sent.ts';

export type Decided = Awaited<ReturnType<Api['decide']>>;

interface HostEnvelope {
  readonly host: number;
  readonly envelope: Uint8Array;
  readonly signature: Uint8Array;
}

/** The shares or receipts sent with a decision. */
interface Enclosures {
  readonly envelopes: HostEnvelope[];
  readonly custody: Custody | null;
}

const NOTHING: Enclosures = { envelopes: [], custody: null };

/**
 * Approves what was reviewed, with one touch: it signs this statement over the log as this replica verified
 * it, and for a release or a publication opens one's own share. A release's share is re-sealed to every host
 * and signed; a publication's is confirmed. Secrets are wiped before anything is sent.
 *
 * The hosts of a release are appraised once more right before the touch: between a review and a touch lies as
 * long as a person takes, or a vault that answers late. Throws the first obstacle's code, also where there is one
 * by now that the review did not have; as `appraiseHosts`, `fetchOwnEnvelopes` and `openOwnShare`; as the
 * Authenticator; and the vault's codes.
 */
export async function approve(custodian: Custodian, replica: Replica, review: Review): Promise<Decided> {
  const { facts } = replica;
  const proposal = facts.proposals.get(review.digest);
  must(proposal !== undefined, 'proposal_unknown', unknownProposalText(review.digest));
  requireNoObstacle([...review.obstacles, ...obstaclesOf(facts, proposal, custodian.person, custodian.now())]);
  const { statement } = proposal;
  const approval = { digest: review.digest, decision: 'approve', reason: null } as const;
  if (statement.kind !== 'release' && statement.kind !== 'publish') {
    const credentials = ownAuthenticators(facts, custodian.person).map(allowed);
    return decide(custodian, replica, approval, credentials, false, async () => NOTHING);
  }
  const fetched = await fetchOwnEnvelopes(custodian, replica, statement.manifest);
  const credentials = fetched.envelopes.map(({ authenticator }) => allowed(authenticator));
  const hosts = statement.kind === 'release' ? await appraiseAgain(custodian, replica, statement, review) : [];
  return decide(custodian, replica, approval, credentials, true, async (touch) => {
    const opened = await openOwnShare(custodian.authenticator, touch, fetched);
    try {
      if (statement.kind === 'publish') return { envelopes: [], custody: custodyIfNew(opened, fetched) };
      return {
        envelopes: await reseal(statement, { digest: review.digest, hosts }, opened, custodian.random),
        custody: null,
      };
    } finally {
      opened.end();
    }
  });
}

function requireNoObstacle([obstacle]: readonly Obstacle[]): void {
  if (obstacle !== undefined) throw new TwinlockError(obstacle.code, obstacle.message);
}

/** Appraises the hosts now, by this workstation's clock, and requires that they are the hosts that were shown. */
async function appraiseAgain(
  { now, verify }: Custodian,
  replica: Replica,
  statement: StatementOf<'release'>,
  review: Review,
): Promise<readonly HostReview[]> {
  const hosts = await appraiseHosts(replica, statement, now(), verify);
  requireNoObstacle(hosts.flatMap(({ obstacles }) => obstacles));
  const areAsShown =
    review.hosts.length === hosts.length &&
    review.hosts.every(({ kem, evidence }, i) => {
      const host = hosts[i];
      return host !== undefined && equal(kem, host.kem) && evidence === host.evidence;
    });
  must(areAsShown, 'binding_mismatch', 'the review is of other hosts than the statement names');
  return hosts;
}

/**
 * Denies a proposal, with one touch that opens nothing and signs the reason, of at most 500 characters, too; null says
 * nothing. Throws `malformed` for a reason that is no such text.
 */
export async function deny(
  custodian: Custodian,
  replica: Replica,
  digest: Hex,
  reason: string | null = null,
): Promise<Decided> {
  const { proposals } = replica.facts;
  must(proposals.has(digest), 'proposal_unknown', unknownProposalText(digest));
  if (reason !== null) parseAs(humanText(500), reason, 'the reason');
  const credentials = ownAuthenticators(replica.facts, custodian.person).map(allowed);
  return decide(custodian, replica, { digest, decision: 'deny', reason }, credentials, false, async () => NOTHING);
}

/** Signs a decision with a touch and sends it. */
async function decide(
  { api, authenticator, random, now, fingerprint }: Custodian,
  replica: Replica,
  { digest, decision, reason }: { digest: Hex; decision: 'approve' | 'deny'; reason: string | null },
  credentials: readonly AllowedCredential[],
  prf: boolean,
  enclose: (touch: Touch) => Promise<Enclosures>,
): Promise<Decided> {
  const { origin, size, root } = replica.checkpoint;
  const roster = rosterDigest(replica.facts);
  const timeMs = now();
  const nonce = toHex(random(32));
  const fields = { vault: fingerprint, statement: digest, decision, origin, size, root, roster, timeMs, nonce, reason };
  const touch = await authenticator.touch({ label: 'approve', ...fields, credentials, prf });
  const enclosed = await enclose(touch);
  const body = {
    decision,
    credential: toBase64url(touch.credential),
    checkpoint: { origin, size, root },
    roster,
    time: timeMs,
    nonce,
    reason,
    assertion: archived(touch.assertion),
    ...enclosed,
  };
  return sending({ what: 'decision', digest }, () => api.decide(digest, body));
}

function custodyIfNew(opened: OpenedShare, fetched: Parameters<typeof custodyOf>[1]): Custody | null {
  const isConfirmed = fetched.version.confirmed.includes(opened.own.name.credential);
  return isConfirmed ? null : custodyOf(opened, fetched);
}

/** Seals the share to each host's key, which this workstation took from the evidence it appraised. */
async function reseal(
  { vault, epoch }: StatementOf<'release'>,
  { digest: statement, hosts }: Pick<Review, 'digest' | 'hosts'>,
  { share, keys }: OpenedShare,
  random: RandomBytes,
): Promise<HostEnvelope[]> {
  return Promise.all(hosts.map((host) => resealTo(host)));

  async function resealTo({ position, kem, evidence }: HostReview): Promise<HostEnvelope> {
    const envelope = await sealHostShare({ vault, statement, evidence, epoch }, kem, share, random);
    const sealed = { vault, subject: statement, recipient: position, envelope };
    return { host: position, envelope, signature: signSealed(sealed, keys.signing.seed) };
  }
}
