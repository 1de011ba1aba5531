import { effect } from '@preact/signals';
import { keepConsoleKey } from './console-key.ts';
import { openInvitation, rememberedInvitation, rememberInvitation, showFounded } from './founding/founding.ts';
import { openConsole } from './local.ts';
import { asFailure } from './parts/notice.tsx';
import { type Given, takeGiven } from './route.ts';
import { keepSending, taken } from './stopping/signed-stops.ts';
import { keepClosing } from './unclosed.tsx';
import { fault, keepFresh, loadVault, resumeSession } from './vault.ts';

/** How often a vault that did not answer is asked again. */
const RECOVER_EVERY_MS = 10_000;

export async function start(): Promise<void> {
  await openAs(takeGiven());
  keepFresh();
  keepSending();
  keepClosing();
  addEventListener('hashchange', () => {
    const given = takeGiven();
    // Of a page that could not go on: a browser loads no page again where only the end of its address has changed.
    if (given !== null && fault.value !== null && fault.value.group !== 'alert') void openAs(given);
  });
  setInterval(() => void recover(), RECOVER_EVERY_MS);
  effect(() => {
    // The vault took a stop, so it answers.
    if (taken.value.length > 0) void recover();
  });
}

async function openAs(given: Given | null): Promise<void> {
  try {
    await keep(given);
    const invitation = given?.kind === 'invitation' ? given.value : rememberedInvitation();
    await enter(invitation);
    fault.value = null;
  } catch (thrown) {
    fault.value = asFailure(thrown);
  }
}

/** At once: a key may open once, and the vault may be out of reach now. */
async function keep(given: Given | null): Promise<void> {
  if (given?.kind === 'key') keepConsoleKey(given.value);
  if (given?.kind !== 'open') return;
  const { key, invitation } = await openConsole(given.value);
  keepConsoleKey(key);
  if (invitation !== null) rememberInvitation(invitation);
}

/** To where one was before a reload: the founding, or the session of this tab. */
async function enter(invitation: string | null): Promise<void> {
  await loadVault();
  if (invitation !== null) await openInvitation(invitation);
  else {
    showFounded();
    await resumeSession();
  }
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
