import { useSignal } from '@preact/signals';
import { CODES, type Code } from '../../../../src/core/errors.ts';
import type { Facts, Vote } from '../../../../src/core/state/state.ts';
import { REQUEST_WORDS } from '../../../../src/core/statement/comparison-code.ts';
import { approve, deny } from '../../../custodian/approve.ts';
import type { Obstacle } from '../../../custodian/obstacles.ts';
import type { Review } from '../../../custodian/review.ts';
import { instant } from '../format.ts';
import { ActionButton, ActionError, GrantButton, useAction } from '../parts/action.tsx';
import { Digest } from '../parts/digest.tsx';
import { Notice } from '../parts/notice.tsx';
import { Panel } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { Words } from '../parts/words.tsx';
import { StopForm } from '../stopping/stop-form.tsx';
import { act, custodian } from '../vault.ts';
import { phaseOf } from './title.ts';

/** Reasons are listed until they bury the buttons: 64 hosts may have thousands. */
const MAX_OBSTACLES = 12;
/** What stands against a denial too. */
const NO_VOTE: ReadonlySet<Code> = new Set([
  'proposal_closed',
  'statement_expired',
  'already_voted',
  'proposer_cannot_approve',
  'not_a_custodian',
  'credential_retired',
]);

/** The code, what stands in the way, and the two buttons. */
export function DecidePanel({ review, facts }: { review: Review; facts: Facts }) {
  const person = custodian.value?.person;
  const isSent = useSignal(false);
  // A review takes a moment; what the log says of it is there at once.
  const proposal = facts.proposals.get(review.digest) ?? review.proposal;
  const [, phase] = phaseOf(facts, proposal);
  const own = proposal.votes.find((vote) => vote.person === person);
  const isDecided = own !== undefined || proposal.phase !== 'open';
  return (
    <Panel title={isDecided ? 'Decided' : 'Compare, then decide'}>
      <p>
        Whoever asked, and everybody who decides, must see these four words. Compare them on another screen or by voice.
      </p>
      <Words digest={review.digest} count={REQUEST_WORDS} />
      {review.isPending ? (
        <p>
          A second place that shares nothing with this page says what they stand for: on another machine, with an
          auditor’s key, run <code>twinlock code</code> <Digest hex={review.digest} />
        </p>
      ) : null}
      {isSent.value ? <Sent phase={phase} own={own} /> : null}
      {isDecided ? (
        <Outcome phase={phase} own={own} />
      ) : (
        <Decision
          review={review}
          onSent={() => {
            isSent.value = true;
          }}
        />
      )}
      <Withdraw review={review} />
    </Panel>
  );
}

/** What the log says of it, never what the vault answered. */
function Sent({ phase, own }: { phase: string; own: Vote | undefined }) {
  if (own === undefined) {
    return (
      <Notice tone="bad" title="Your decision is not in the log">
        <p>The vault took it and has not recorded it. It can still do so: tell the other custodians.</p>
      </Notice>
    );
  }
  return (
    <Notice tone="good" title={`Recorded as entry ${own.index}`}>
      <p>The proposal is now {phase}.</p>
    </Notice>
  );
}

function Outcome({ phase, own }: { phase: string; own: Vote | undefined }) {
  if (own === undefined) return <p>This proposal is {phase}. You have not decided on it.</p>;
  return (
    <p>
      This proposal is {phase}. You {own.decision === 'approve' ? 'approved' : 'denied'} it on {instant(own.time)}.
    </p>
  );
}

function Decision({ review, onSent }: { review: Review; onSent: () => void }) {
  const approving = useAction(async () => {
    await act((replica, self) => approve(self, replica, review));
    onSent();
  });
  const denying = useAction(async () => {
    await act((replica, self) => deny(self, replica, review.digest));
    onSent();
  });
  const { obstacles } = review;
  const canVote = !obstacles.some(({ code }) => NO_VOTE.has(code));
  const busy = approving.busy || denying.busy;
  return (
    <>
      {obstacles.length === 0 ? null : (
        <div id="obstacles">
          <Notice tone={obstacles.some(isAlarming) ? 'bad' : 'warn'} title="You cannot approve this">
            <ul>
              {obstacles.slice(0, MAX_OBSTACLES).map(({ code, message }) => (
                <li key={message} class="sentence">
                  <Text of={message} /> <code>{code}</code>
                </li>
              ))}
              {obstacles.length > MAX_OBSTACLES ? <li>and {obstacles.length - MAX_OBSTACLES} more, above</li> : null}
            </ul>
          </Notice>
        </div>
      )}
      <ActionError action={approving} />
      <ActionError action={denying} />
      <div class="row">
        <GrantButton
          action={approving}
          kind="primary"
          disabled={busy || obstacles.length > 0}
          describedBy={obstacles.length > 0 ? 'obstacles' : undefined}
        >
          Approve
        </GrantButton>
        <ActionButton action={denying} kind="danger" disabled={busy || !canVote}>
          Deny
        </ActionButton>
        <span class="quiet">Either takes a touch, and neither can be taken back.</span>
      </div>
    </>
  );
}

/** What has been overtaken or decided is no attack. */
function isAlarming({ code }: Obstacle): boolean {
  return (CODES.alert as readonly Code[]).includes(code);
}

/** Whoever proposed takes it back; a release in force is revoked by any custodian. */
function Withdraw({ review }: { review: Review }) {
  const { proposal, digest, asked } = review;
  const isRelease = review.statement.kind === 'release';
  const isOwnOpen = proposal.phase === 'open' && asked.key === null && asked.person === custodian.value?.person;
  const isInForce = isRelease && (proposal.phase === 'approved' || proposal.phase === 'executed') && !proposal.ended;
  if (isOwnOpen) return <StopForm stopping={{ what: 'proposal', target: digest }} label="Withdraw my proposal" />;
  if (isInForce) return <StopForm stopping={{ what: 'release', target: digest }} label="Revoke this release" />;
  return null;
}
