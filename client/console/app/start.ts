import { effect } from '@preact/signals';
import { openInvitation, rememberedInvitation, rememberInvitation } from './founding/founding.ts';
import { takeHandedOver } from './local.ts';
import { asFailure } from './parts/notice.tsx';
import { takeInvitation } from './route.ts';
import { fault, keepFresh, loadVault, taken } from './vault.ts';

/** How often a vault that did not answer is asked again. */
const RECOVER_EVERY_MS = 10_000;

export async function start(): Promise<void> {
  const given = takeInvitation();
  try {
    // Kept at once: it is handed over once, and the vault may be out of reach now.
    if (given?.kind === 'open') rememberInvitation(await takeHandedOver(given.value));
    const invitation = given?.kind === 'invitation' ? given.value : rememberedInvitation();
    await loadVault();
    if (invitation !== null) await openInvitation(invitation);
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

/** A vault that did not answer when the page was opened is asked again: what it kept from being shown is shown then. */
async function recover(): Promise<void> {
  if (fault.value?.group !== 'retry') return;
  const invitation = rememberedInvitation();
  try {
    await loadVault();
    if (invitation !== null) await openInvitation(invitation);
    fault.value = null;
  } catch (thrown) {
    fault.value = asFailure(thrown);
  }
}
