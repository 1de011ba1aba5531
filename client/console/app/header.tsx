import { personOf } from '../../../src/core/state/checks/persons.ts';
import { standingOf } from '../../../src/core/state/standing.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { Mark } from './parts/notice.tsx';
import { Named } from './parts/person.tsx';
import { route } from './route.ts';
import { custodian, facts, now, signOut } from './vault.ts';

const PLACES: readonly (readonly [path: string, name: string])[] = [
  ['proposals', 'Proposals'],
  ['versions', 'Versions'],
  ['committee', 'Committee'],
  ['propose', 'Propose'],
  ['stop', 'Stop'],
];

export function Header() {
  const self = custodian.value;
  return (
    <header class="top">
      <a class="brand" href="#/">
        <img src="/icon.svg" alt="" />
        twinlock
      </a>
      {facts.value === null ? null : <Places />}
      {self === null ? null : (
        <div class="who">
          {facts.value === null ? null : (
            <span>
              <Known facts={facts.value} person={self.person} />
            </span>
          )}
          <button type="button" class="plain" onClick={signOut}>
            Sign out
          </button>
        </div>
      )}
    </header>
  );
}

function Known({ facts: known, person: id }: { facts: Facts; person: string }) {
  const { person, name, custodian: isMember } = personOf(known, id);
  return <Named person={person} name={name} mark={isMember ? 'custodian' : null} />;
}

/** Counts the proposals that wait for decisions, without the expired and overtaken ones. */
function openOf(known: Facts | null): number {
  return known?.proposals.count((proposal) => standingOf(known, proposal, now.value) === 'open') ?? 0;
}

function Places() {
  const here = route.value[0] ?? 'proposals';
  const open = openOf(facts.value);
  return (
    <nav aria-label="Sections">
      <ul>
        {PLACES.map(([path, name]) => (
          <li key={path}>
            <a
              href={`#/${path}`}
              class={path === 'stop' ? 'danger' : ''}
              aria-current={here === path ? 'page' : undefined}
            >
              {name}
              {path === 'proposals' && open > 0 ? (
                <>
                  {' '}
                  <Mark tone="warn">{open}</Mark>
                </>
              ) : null}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
