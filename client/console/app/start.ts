import { effect } from '@preact/signals';
import { openInvitation, rememberedInvitation, rememberInvitation } from './founding/founding.ts';
import { takeHandedOver } from './local.ts';
import { asFailure } from './parts/notice.tsx';
import { takeInvitation } from './route.ts';
import { fault, keepFresh, loadVault, resumeSession, taken } from './vault.ts';

/** How often a vault that did not answer is asked again. */
const RECOVER_EVERY_MS = 10_000;

export async function start(): Promise<void> {
  const given = takeInvitation();
  try {
    // Kept at once: it is handed over once, and the vault may be out of reach now.
    if (given?.kind === 'open') rememberInvitation(await takeHandedOver(given.value));
    const invitation = given?.kind === 'invitation' ? given.value : rememberedInvitation();
    await enter(invitation);
  } catch (thrown) {
    fault.value = asFailure(thrown);
  }
  keepFresh();
  setInterval(() => void recover(), RECOVER_EVERY_MS);
  effect(() => {
    // The vault took a stop, so it answers.
    if (taken.value.length > 0) void recover();
  });
}

/** To where one was before a reload: the founding, or the session of this tab. */
async function enter(invitation: string | null): Promise<void> {
  await loadVault();
  if (invitation === null) await resumeSession();
  else await openInvitation(invitation);
}

/** A vault that did not answer when the page was opened is asked again: what it kept from being shown is shown then. */
async function recover(): Promise<void> {
  if (fault.value?.group !== 'retry') return;
  const invitation = rememberedInvitation();
  try {
    await enter(invitation);
    fault.value = null;
  } catch (thrown) {
    fault.value = asFailure(thrown);
  }
}
