import { Screen } from './parts/screen.tsx';
import { progress } from './vault.ts';

/** Shows the progress of the replay: this page verifies the log itself. */
export function ReplayScreen() {
  const { entries, of } = progress.value;
  return (
    <Screen
      title="Verifying the log"
      lead="This page checks every entry, signature and appraisal, starting at the fingerprint."
    >
      <progress aria-label="entries verified" max={Math.max(of, 1)} value={entries} />
      <p class="quiet" role="status">
        {of === 0
          ? 'Asking for the first entry…'
          : `${entries.toLocaleString('en')} of ${of.toLocaleString('en')} entries`}
      </p>
    </Screen>
  );
}
