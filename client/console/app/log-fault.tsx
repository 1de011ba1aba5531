import { faultText } from '../../log/fault-text.ts';
import { sentence } from './parts/reach.tsx';
import { status } from './vault.ts';

/** On every page while the vault says so: it records no approval meanwhile. */
export function LogFaultBanner() {
  const found = status.value?.fault ?? null;
  return found === null ? null : (
    <p class="stopped" role="alert">
      {sentence(faultText(found))}
    </p>
  );
}
