import { FoundedScreen } from './founding/founded.tsx';
import { founded, invited } from './founding/founding.ts';
import { FoundingScreen } from './founding/founding-screen.tsx';
import { InvitationScreen } from './founding/invitation.tsx';
import { Header } from './header.tsx';
import { LogFaultBanner } from './log-fault.tsx';
import { Failure } from './parts/failure.tsx';
import { MachineName } from './parts/person.tsx';
import { Screen } from './parts/screen.tsx';
import { ReplayScreen } from './replay.tsx';
import { Routed } from './routed.tsx';
import { FingerprintScreen, SignInScreen } from './sign-in.tsx';
import { StoppedBanner } from './stopping/stopped-banner.tsx';
import { UnsentStops } from './stopping/unsent.tsx';
import { StopWithoutVault } from './stopping/without-vault.tsx';
import { asked } from './touch.ts';
import { Unclosed } from './unclosed.tsx';
import { Unkept } from './unkept.tsx';
import { custodian, facts, fault, fingerprint, isSimulation, status } from './vault.ts';

export function App() {
  document.body.dataset['grade'] = isSimulation.value ? 'simulation' : 'production';
  return (
    <>
      <SimulationBanner />
      <div class="page">
        <Header />
        <LogFaultBanner />
        <StoppedBanner />
        <UnsentStops />
        <Unkept />
        <Unclosed />
        <Stage />
        {needsNoOtherStop() ? null : <StopWithoutVault />}
      </div>
      <Touch />
    </>
  );
}

export function SimulationBanner() {
  if (!isSimulation.value) return null;
  return (
    <p class="simulation">Simulation: nothing in this vault is protected. Software keys and simulated evidence pass.</p>
  );
}

/** Returns true during a founding, which needs no stop, and after sign-in, where the page has its own Stop screen. */
function needsNoOtherStop(): boolean {
  const isFounding = founded.value !== null || invited.value !== null;
  return fault.value === null && (isFounding || facts.value !== null);
}

function Stage() {
  if (fault.value !== null) return <FaultScreen />;
  if (status.value === null) return <p class="quiet">Connecting to the vault…</p>;
  if (founded.value !== null) return <FoundedScreen fingerprint={founded.value} />;
  if (invited.value !== null) return <FoundingScreen />;
  if (status.value.phase === 'founding') return <InvitationScreen />;
  if (fingerprint.value === null) return <FingerprintScreen />;
  if (custodian.value === null) return <SignInScreen />;
  if (facts.value === null) return <ReplayScreen />;
  return <Routed facts={facts.value} custodian={custodian.value} />;
}

function FaultScreen() {
  if (fault.value === null) return null;
  return (
    <Screen title={fault.value.group === 'alert' ? 'Stop' : 'The console cannot go on'}>
      <Failure error={fault.value} />
      <div>
        <button type="button" onClick={() => location.reload()}>
          Start again
        </button>
      </div>
    </Screen>
  );
}

/** Says what a touch is for while the key blinks; a live region, so that a screen reader reads it aloud. */
function Touch() {
  return (
    <div class="touching" role="status" aria-live="assertive">
      {asked.value === null ? null : (
        <p class="touch">
          Touch your security key
          <AskedKeys credentials={asked.value.credentials} /> {asked.value.purpose}
        </p>
      )}
    </div>
  );
}

/** Names the custodian's keys that may answer; before the log is loaded, the keys that this workstation knows. */
function AskedKeys({ credentials }: { credentials: readonly string[] }) {
  const known = facts.value?.authenticators;
  const names = credentials.flatMap((credential) => known?.get(credential)?.name ?? []);
  if (names.length === 0) return null;
  return (
    <>
      {names.map((name, i) => (
        <span key={credentials[i]}>
          {i === 0 ? ' ' : ' or '}
          <MachineName of={name} />
        </span>
      ))}
    </>
  );
}
