import { BAR_TEXT, type Reach } from '../../../../src/core/state/reach.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { Person } from './person.tsx';

/** Shows how many custodians must approve, how many can, and who cannot and why. */
export function ReachList({ reach, facts }: { reach: Reach; facts: Facts }) {
  const { threshold, members, able, barred, groups } = reach;
  return (
    <>
      <p>
        {threshold} of {members} custodians must approve it, and {able.length} can
        {groups.map((group) => `, and none of the group ${group}`).join('')}.
        {barred.length === 0 ? '' : ' These cannot:'}
      </p>
      {barred.length === 0 ? null : (
        <ul class="plain">
          {barred.map(({ person, why }) => (
            <li key={person}>
              <Person facts={facts} person={person} /> {BAR_TEXT[why]}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Makes a sentence of an error message, which has no capital letter and no full stop. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
