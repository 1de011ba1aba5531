import { h, render } from 'preact';
import type { GenesisDraft, InvitationStatus, VaultStatus } from '../../../client/api/api.ts';
import { App } from '../../../client/console/app/app.tsx';
import { draft, founded, invited, own, review } from '../../../client/console/app/founding/founding.ts';
import { keepStopKit } from '../../../client/console/app/local.ts';
import { go } from '../../../client/console/app/route.ts';
import { loadKept } from '../../../client/console/app/stopping/kept.ts';
import { unsent } from '../../../client/console/app/stopping/signed-stops.ts';
import * as console from '../../../client/console/app/vault.ts';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { stopKitOf } from '../../../client/custodian/stop-kit.ts';
import { type Code, TwinlockError } from '../../../src/core/errors.ts';
import type { SignedStop } from '../../../src/core/log/signed-stop.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { type CarriedLog, factsOf } from './core-run.ts';
import { genesisOf } from './hostile.ts';

/** Where one is before anybody has signed in, or where the console ends; and the places of who has signed in. */
export type HonestStage = 'invitation' | 'founding' | 'founded' | 'fingerprint' | 'sign-in' | 'replay' | 'fault' | 'in';

const DAY_MS = 86_400_000;
const TROUBLE = new TwinlockError('unavailable', 'the vault at https://localhost:8443 does not answer');

/** The whole console as a custodian of that name sees it, at a stage; `place` is what the address names. The log's clock is a day ahead. */
export async function showHonest(log: CarriedLog, name: string, stage: HonestStage, place: string): Promise<void> {
  const facts: Facts = { ...(await factsOf(log)), attestedMs: Date.now() + DAY_MS };
  const member = facts.committee.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new Error(`the vault has no custodian ${name}`);
  const keys = facts.authenticators.valueSeq().filter(({ person }) => person === member.person);
  const { credential = '' } = keys.first() ?? {};
  const self = { person: member.person, name: member.name, credential } as Partial<Custodian> as Custodian;
  const isFounding = ['invitation', 'founding'].includes(stage);
  console.fault.value = stage === 'fault' ? TROUBLE : null;
  console.status.value = {
    grade: facts.genesis.grade,
    phase: isFounding ? 'founding' : 'stopped',
    fault: stage === 'sign-in' ? { code: 'signature_invalid', entry: 7 } : null,
  } as Partial<VaultStatus> as VaultStatus;
  console.fingerprint.value = ['fingerprint', 'invitation', 'founding'].includes(stage) ? null : facts.vault;
  console.custodian.value = stage === 'in' || stage === 'replay' ? self : null;
  console.facts.value = stage === 'in' ? facts : null;
  console.progress.value = { entries: 1234, of: 5678 };
  const genesis = genesisOf(facts);
  invited.value =
    stage === 'founding' ? ({ ...member, token: '' } as Partial<InvitationStatus> as typeof invited.value) : null;
  own.value = keys
    .map((key) => ({ ...key, name: member.name, keyName: key.name, rpId: facts.genesis.rpId, digest: facts.vault }))
    .toArray();
  draft.value = {
    founders: genesis.founders.map(({ person, name }) => ({ person, name, authenticators: 1, signed: false })),
  } as Partial<GenesisDraft> as GenesisDraft;
  review.value = stage === 'founding' ? genesis : null;
  founded.value = stage === 'founded' ? facts.vault : null;
  await keepStopKit(stopKitOf(facts, log.entries.length, Date.now()));
  await loadKept(facts.vault);
  go(`/${place}`);
  const root = document.getElementById('app');
  if (root === null) throw new Error('the page has no #app');
  render(null, root);
  render(h(App, {}), root);
}

/** What stands beside the screen when the vault takes nothing: a stop that waits, and why the log is not followed. */
export function cutOffFromVault(stop: SignedStop | null): void {
  unsent.value = stop === null ? [] : [stop];
  console.trouble.value = stop === null ? null : TROUBLE;
}

/** What ends the console, as an error of the client says it. */
export function showFault(code: Code, message: string): void {
  console.fault.value = new TwinlockError(code, message);
}

/** Why the log could not be followed, as an error of the client says it. */
export function showTrouble(code: Code, message: string): void {
  console.trouble.value = new TwinlockError(code, message);
}
