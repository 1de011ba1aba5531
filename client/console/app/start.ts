import { effect } from '@preact/signals';
import { keepConsoleKey } from './console-key.ts';
import { openInvitation, rememberedInvitation, rememberInvitation, showFounded } from './founding/founding.ts';
import { openConsole } from './local.ts';
import { asFailure } from './parts/notice.tsx';
import { type Given, takeGiven } from './route.ts';
import { keepSending, taken } from './stopping/signed-stops.ts';
import { keepClosing } from './unclosed.tsx';
import { fault, keepFresh, loadVault, resumeSession } from './vault.ts';

/** Milliseconds until the page asks a vault again that did not answer. */
const RECOVER_EVERY_MS = 10_000;

export async function start(): Promise<void> {
  await openAs(takeGiven());
  keepFresh();
  keepSending();
  keepClosing();
  addEventListener('hashchange', () => {
    const given = takeGiven();
    // A page that stopped with an error opens again: a browser does not reload where only the fragment has changed.
    if (given !== null && fault.value !== null && fault.value.group !== 'alert') void openAs(given);
  });
  setInterval(() => void recover(), RECOVER_EVERY_MS);
  effect(() => {
    // The vault accepted a stop, so it answers.
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

/** Keeps a given key at once: it may open the console only once, and the vault may be out of reach now. */
async function keep(given: Given | null): Promise<void> {
  if (given?.kind === 'key') keepConsoleKey(given.value);
  if (given?.kind !== 'open') return;
  const { key, invitation } = await openConsole(given.value);
  keepConsoleKey(key);
  if (invitation !== null) rememberInvitation(invitation);
}

/** Continues where the person was before a reload: the founding, or the session of this tab. */
async function enter(invitation: string | null): Promise<void> {
  await loadVault();
  if (invitation !== null) await openInvitation(invitation);
  else {
    showFounded();
    await resumeSession();
  }
}

/** Asks a vault again that did not answer when the page was opened, then shows the page. */
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
