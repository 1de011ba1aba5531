import type { Facts } from '../../../src/core/state/state.ts';
import type { Custodian } from '../../custodian/ceremony.ts';
import { ClockNotice } from './clock-notice.tsx';
import { CommitteeScreen } from './committee.tsx';
import { Failure } from './parts/failure.tsx';
import { ProposalsScreen } from './proposals/list.tsx';
import { ProposalScreen } from './proposals/proposal.tsx';
import { ProposeScreen } from './propose/propose.tsx';
import { route } from './route.ts';
import { unsent } from './stopping/signed-stops.ts';
import { StopScreen } from './stopping/stop-screen.tsx';
import { trouble } from './vault.ts';
import { VersionsScreen } from './versions.tsx';

/** Screens without the notice: Propose has its own, and the vault accepts a stop by any clock. */
const NEEDS_NO_CLOCK: ReadonlySet<string> = new Set(['propose', 'stop']);

/** The screens after sign-in. They show the replica's facts, never the vault's claims. */
export function Routed({ facts, custodian }: { facts: Facts; custodian: Custodian }) {
  return (
    <div class="stack">
      {trouble.value === null || isSaidBeside() ? null : <Failure error={trouble.value} />}
      {NEEDS_NO_CLOCK.has(route.value[0] ?? '') ? null : <ClockNotice facts={facts} />}
      <Place facts={facts} custodian={custodian} />
    </div>
  );
}

/** Returns whether the Stop screen shows the trouble already, above it and in its form. */
function isSaidBeside(): boolean {
  return route.value[0] === 'stop' && unsent.value.length > 0 && trouble.value?.code === 'unavailable';
}

function Place({ facts, custodian }: { facts: Facts; custodian: Custodian }) {
  const [place, digest] = route.value;
  switch (place) {
    case 'proposals':
      if (digest !== undefined) return <ProposalScreen key={digest} digest={digest} facts={facts} />;
      return <ProposalsScreen facts={facts} custodian={custodian} />;
    case 'versions':
      return <VersionsScreen facts={facts} custodian={custodian} />;
    case 'committee':
      return <CommitteeScreen facts={facts} custodian={custodian} />;
    case 'propose':
      return <ProposeScreen facts={facts} />;
    case 'stop':
      return <StopScreen facts={facts} />;
    default:
      return <ProposalsScreen facts={facts} custodian={custodian} />;
  }
}
