import { type SignedStop, signedStopBytes } from '../../../../src/core/log/signed-stop.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { twinlockCommand } from '../command.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Text } from '../parts/text.tsx';
import { facts, sendStop, status, taken, unsent } from '../vault.ts';

/** On every page, until the vault has them: stops that were signed here. Once somebody is signed in, the log says more. */
export function UnsentStops() {
  return (
    <>
      {unsent.value.map((signed) => (
        <UnsentStop key={statementDigest(signed.statement)} signed={signed} />
      ))}
      {facts.value === null
        ? taken.value.filter(isInForce).map(({ statement }) => (
            <p key={statementDigest(statement)} class="stopped" role="status">
              The vault says that it has taken your stop: “<Text of={statement.reason} />
              ”. Sign in to see it in the log.
            </p>
          ))
        : null}
    </>
  );
}

/** Unless the vault says that it runs again. */
function isInForce({ statement }: SignedStop): boolean {
  return statement.what !== 'all' || status.value?.phase !== 'open';
}

function UnsentStop({ signed }: { signed: SignedStop }) {
  const sending = useAction(() => sendStop(signed));
  return (
    <section class="stopped stack" role="status" aria-label="A stop that the vault has not taken">
      <p>
        <strong>The vault has not taken a stop that you signed</strong>: “<Text of={signed.statement.reason} />
        ”. This page sends it again and again while it is open. Save it, too: anyone who has the file can deliver it.
      </p>
      <p>From any machine, with --also URL for another address of the vault; or on the vault’s own machine:</p>
      <pre>{`${twinlockCommand('stop', [fileOf(signed)])}\nnpx twinlockd stop ${fileOf(signed)}`}</pre>
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

function fileOf({ statement }: SignedStop): string {
  return `stop-${statementDigest(statement).slice(0, 8)}.json`;
}

function save(signed: SignedStop): void {
  const text = new TextDecoder().decode(signedStopBytes(signed));
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileOf(signed);
  link.click();
  URL.revokeObjectURL(url);
}
