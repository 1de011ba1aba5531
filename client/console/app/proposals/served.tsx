import { endMs, isRelease } from '../../../../src/core/state/lifecycle.ts';
import { servedOnceResumed } from '../../../../src/core/state/served.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import type { Review } from '../../../custodian/review.ts';
import { exactBytes } from '../../../display/exact.ts';
import { fromNow, instant } from '../format.ts';
import { Mark } from '../parts/notice.tsx';
import { FactList, Panel } from '../parts/screen.tsx';
import { Text } from '../parts/text.tsx';
import { now } from '../vault.ts';

/** The end of serving by the vault's rules. A stop of everything does not pause the lease. */
function servedUntil({ proposal }: Review, { stopped }: Facts): string {
  const ends = endMs(proposal);
  const until = `until ${instant(ends)} (${fromNow(ends, now.value)})`;
  return stopped === null ? until : `not while the vault is stopped; once it is resumed, ${until}`;
}

/** The result of a release: how long the vault serves it, and the receipts of its hosts. */
export function ServedPanel({ review, facts }: { review: Review; facts: Facts }) {
  const { executed, receipts } = review.proposal;
  if (!isRelease(review.proposal) || executed === null) return null;
  const { statement } = review.proposal;
  const isOver = !servedOnceResumed(facts, now.value).some(({ digest }) => digest === review.digest);
  return (
    <Panel title="Result">
      <FactList
        of={[
          ['Released', instant(executed.time)],
          ['Served', isOver ? 'no longer' : servedUntil(review, facts)],
        ]}
      />
      <ul class="rows">
        {statement.hosts.map(({ label }, hostIndex) => {
          const receipt = receipts.find((candidate) => candidate.host === hostIndex);
          return (
            <li key={hostIndex} class="row">
              <span>
                Host {hostIndex}: <Text of={label} />
              </span>
              <span class="row end">
                {receipt === undefined ? null : <span class="quiet">{exactBytes(BigInt(receipt.bytes))}</span>}
                {receipt === undefined ? (
                  <Mark tone={isOver ? 'plain' : 'warn'}>{isOver ? 'no receipt came' : 'no receipt yet'}</Mark>
                ) : (
                  <Mark tone="good">fetched</Mark>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
