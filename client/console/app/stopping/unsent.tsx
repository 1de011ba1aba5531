import { type SignedStop, signedStopBytes } from '../../../../src/core/log/signed-stop.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Text } from '../parts/text.tsx';
import { sendStop, unsent } from '../vault.ts';

/** On every page, until the vault has them: stops that were signed here. */
export function UnsentStops() {
  return (
    <>
      {unsent.value.map((signed) => (
        <UnsentStop key={statementDigest(signed.statement)} signed={signed} />
      ))}
    </>
  );
}

function UnsentStop({ signed }: { signed: SignedStop }) {
  const sending = useAction(() => sendStop(signed));
  return (
    <section class="stopped stack" role="status" aria-label="A stop that the vault has not taken">
      <p>
        <strong>The vault has not taken a stop that you signed</strong>: “<Text of={signed.statement.reason} />
        ”. Send it again, or save it, carry it to the vault’s machine and run <code>twinlockd stop FILE</code> there.
        Whoever has the file can deliver it: <code>twinlock stop FILE</code> does, from anywhere.
      </p>
      <ActionError action={sending} />
      <div class="row">
        <ActionButton action={sending} kind="danger">
          Send it again
        </ActionButton>
        <button type="button" onClick={() => save(signed)}>
          Save it as a file
        </button>
      </div>
    </section>
  );
}

function save(signed: SignedStop): void {
  const text = new TextDecoder().decode(signedStopBytes(signed));
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `stop-${statementDigest(signed.statement).slice(0, 8)}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
