import { Screen } from './parts/screen.tsx';
import { progress } from './vault.ts';

/** The log, from its first entry: what this page shows is what it has itself verified. */
export function ReplayScreen() {
  const { entries, of } = progress.value;
  return (
    <Screen title="Verifying the log" lead="Every entry, signature and appraisal, from the fingerprint on.">
      <progress aria-label="entries verified" max={Math.max(of, 1)} value={entries} />
      <p class="quiet" role="status">
        {of === 0
          ? 'Asking for the first entry…'
          : `${entries.toLocaleString('en')} of ${of.toLocaleString('en')} entries`}
      </p>
    </Screen>
  );
}
