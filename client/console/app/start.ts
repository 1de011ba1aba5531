import { openInvitation, rememberedInvitation, rememberInvitation } from './founding/founding.ts';
import { takeHandedOver } from './local.ts';
import { asFailure } from './parts/notice.tsx';
import { takeInvitation } from './route.ts';
import { fault, keepFresh, loadVault } from './vault.ts';

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
}
