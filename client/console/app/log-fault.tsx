import { faultText } from '../../log/fault-text.ts';
import { sentence } from './parts/reach.tsx';
import { status } from './vault.ts';

/** Shown on every page while the vault reports a fault of its log; the vault records no approval meanwhile. */
export function LogFaultBanner() {
  const found = status.value?.fault ?? null;
  return found === null ? null : (
    <p class="stopped" role="alert">
      {sentence(faultText(found))}
    </p>
  );
}
