import { openInvitation, rememberedInvitation } from './founding/founding.ts';
import { asFailure } from './parts/notice.tsx';
import { takeInvitation } from './route.ts';
import { fault, keepFresh, loadVault } from './vault.ts';

export async function start(): Promise<void> {
  const invitation = takeInvitation() ?? rememberedInvitation();
  try {
    await loadVault();
    if (invitation !== null) await openInvitation(invitation);
  } catch (thrown) {
    fault.value = asFailure(thrown);
  }
  keepFresh();
}
