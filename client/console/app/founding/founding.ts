import { computed, signal } from '@preact/signals';
import type { Hex } from '../../../../src/core/bytes.ts';
import { must, type TwinlockError } from '../../../../src/core/errors.ts';
import type { GenesisDraft, InvitationStatus } from '../../../api/api.ts';
import { type Enrolled, enrol } from '../../../custodian/enrol.ts';
import { type GenesisReview, reviewGenesis, signGenesis } from '../../../custodian/genesis.ts';
import { knownCredentials, rememberCredential } from '../local.ts';
import { asFailure } from '../parts/notice.tsx';
import { ceremony, confirmFingerprint, fingerprint, loadVault, status } from '../vault.ts';

/** Milliseconds between two checks for the other founders. */
const REFRESH_MS = 2000;
/** The tab keeps the invitation until the vault is founded, so that a reload does not lose it. */
const INVITATION = 'twinlock-invitation';
/** Key of the genesis that this founder has compared with the others: the only one that this page accepts. */
const COMPARED = 'twinlock-compared-genesis';

export const invited = signal<(InvitationStatus & { readonly token: string }) | null>(null);
/** The keys that this workstation has enrolled for the invited founder. */
export const own = signal<readonly Enrolled[]>([]);
export const draft = signal<GenesisDraft | null>(null);
export const review = signal<GenesisReview | null>(null);
/** Why the genesis cannot be shown. */
export const refusal = signal<TwinlockError | null>(null);
/** The fingerprint that the founder compared, until they go on. */
export const founded = signal<Hex | null>(null);

export const hasSigned = computed(
  () => draft.value?.founders.some(({ person, signed }) => signed && person === invited.value?.person) ?? false,
);

export function rememberedInvitation(): string | null {
  return sessionStorage.getItem(INVITATION);
}

export function rememberInvitation(token: string): void {
  sessionStorage.setItem(INVITATION, token);
}

export async function openInvitation(text: string): Promise<void> {
  const token = /(?:^|#invitation=)([A-Za-z0-9_-]+)$/.exec(text.trim())?.[1];
  must(token !== undefined, 'malformed', 'expected an invitation as twinlockd init printed it');
  try {
    const invitation = await ceremony.api.withBearer(token).invitation();
    invited.value = { ...invitation, token };
  } catch (thrown) {
    const error = asFailure(thrown);
    // If the vault cannot be reached now, the page sends it later.
    if (error.group !== 'retry') sessionStorage.removeItem(INVITATION);
    throw error;
  }
  rememberInvitation(token);
  await loadOwn();
  await refreshDraft();
  void watch();
}

async function loadOwn(): Promise<void> {
  const { person, name } = guest();
  const rpId = location.hostname;
  own.value = (await knownCredentials()).flatMap(({ credential, keyName, keyEpoch, enrolment, ...of }) =>
    of.person === person && enrolment !== null && keyName !== null
      ? [{ person, name, keyName, rpId, credential, keyEpoch, digest: enrolment }]
      : [],
  );
}

export async function enrolAuthenticator(keyName: string): Promise<void> {
  const { token } = guest();
  const { credential, keyEpoch, name, person, digest } = await enrol(ceremony, token, keyName, own.value);
  await rememberCredential({ credential, keyEpoch, name, keyName, person, enrolment: digest });
  await loadOwn();
  await refreshDraft();
}

/**
 * Signs the genesis that was shown and compared. Keeps it first: the vault may be founded before its answer arrives.
 */
export async function sign(shown: GenesisReview): Promise<void> {
  const { token } = guest();
  sessionStorage.setItem(COMPARED, shown.fingerprint);
  await signGenesis(ceremony, token, shown, own.value);
  await refreshDraft();
}

/** Fetches who has enrolled and signed; a genesis that is new is checked before it is shown. */
async function refreshDraft(): Promise<void> {
  const { token } = guest();
  const next = await ceremony.api.withBearer(token).genesis();
  if (next.fingerprint !== null && next.fingerprint !== review.value?.fingerprint && own.value.length > 0) {
    await reviewDraft(token);
  }
  draft.value = next;
  if (next.founded) await finish();
}

async function reviewDraft(token: string): Promise<void> {
  try {
    const reviewed = await reviewGenesis(ceremony, token, own.value);
    review.value = 'statement' in reviewed ? reviewed : null;
    refusal.value = null;
  } catch (thrown) {
    review.value = null;
    refusal.value = asFailure(thrown);
  }
}

/** Takes the fingerprint of the genesis that this founder compared, not one that the vault sends now. */
async function finish(): Promise<void> {
  if (founded.value !== null) return;
  founded.value = sessionStorage.getItem(COMPARED);
  if (founded.value === null) invited.value = null;
  sessionStorage.removeItem(INVITATION);
  await loadVault();
}

/** After a reload, shows the fingerprint that this founder compared in this tab, once the vault is founded. */
export function showFounded(): void {
  if (fingerprint.value === null && status.value?.phase !== 'founding')
    founded.value ??= sessionStorage.getItem(COMPARED);
}

/** Goes to the founded vault, with the compared fingerprint. */
export function enter(): void {
  if (founded.value !== null) confirmFingerprint(founded.value);
  sessionStorage.removeItem(COMPARED);
  founded.value = null;
  invited.value = null;
}

async function watch(): Promise<void> {
  while (invited.value !== null && status.value?.phase === 'founding') {
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    // The next refresh asks again where the vault cannot be reached now.
    await refreshDraft().catch(() => undefined);
  }
}

function guest(): InvitationStatus & { readonly token: string } {
  must(invited.value !== null, 'invitation_unknown', 'no invitation has been opened');
  return invited.value;
}
