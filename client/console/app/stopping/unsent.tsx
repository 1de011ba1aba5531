import type { Code } from '../../../../src/core/errors.ts';
import { type SignedStop, signedStopBytes } from '../../../../src/core/log/signed-stop.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { CLONE, CLONE_TEXT, programCommand } from '../../../../src/platform/program-command.ts';
import { isNotResumed, stopResult } from '../../../custodian/stop-result.ts';
import { COPIED_CA, commandElsewhere } from '../command.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { useResult } from '../parts/focus.ts';
import { Quoted, Text } from '../parts/text.tsx';
import { config, facts, status } from '../vault.ts';
import { forgetStop, isKeptByTab, sendStop, type TakenStop, taken, unsent } from './signed-stops.ts';

/** Shown on every page until the vault has them: stops signed here. After sign-in, the log says more. */
export function UnsentStops() {
  return (
    <>
      {unsent.value.map((signed) => (
        <UnsentStop key={statementDigest(signed.statement)} signed={signed} />
      ))}
      {taken.value.filter(isInForce).map((stop) => (
        <Taken key={statementDigest(stop.signed.statement)} stop={stop} />
      ))}
    </>
  );
}

/**
 * Returns whether the stop is in force: by the log after sign-in, else false once the vault says that it runs again.
 */
function isInForce({ signed: { statement } }: TakenStop): boolean {
  if (statement.what !== 'all') return true;
  const known = facts.value;
  return known === null ? status.value?.phase !== 'open' : isNotResumed(known, statementDigest(statement));
}

/** The effect of a stop: by the log after sign-in, else by the vault's claim. */
function Taken({ stop: { signed, result } }: { stop: TakenStop }) {
  const { statement } = signed;
  const place = useResult<HTMLElement>();
  const known = facts.value;
  const entry = known?.statements.get(statementDigest(statement))?.index;
  return (
    <section ref={place} class="stopped stack" role="status" aria-label="What your stop has done" tabIndex={-1}>
      {known !== null && entry !== undefined ? (
        <p>
          <strong>Recorded as entry {entry}.</strong> <Text of={stopResult(known, statement)} />
        </p>
      ) : (
        <p>
          The vault says that it has taken your stop: <Quoted of={statement.reason} />.{' '}
          {result === null ? '' : <Text of={`${result} `} />}Sign in to see it in the log.
        </p>
      )}
      {statement.what === 'all' ? null : (
        <div>
          <button
            type="button"
            onClick={() => {
              taken.value = taken.value.filter((other) => other.signed !== signed);
            }}
          >
            Close
          </button>
        </div>
      )}
    </section>
  );
}

/** Codes that do not mean that the vault refused the stop. */
const NOT_ASKED: ReadonlySet<Code> = new Set(['unavailable', 'rate_limited', 'cancelled']);

function UnsentStop({ signed }: { signed: SignedStop }) {
  const sending = useAction(() => sendStop(signed));
  const place = useResult<HTMLElement>();
  const file = fileOf(signed);
  const ca = config.value?.ca ?? null;
  const isRefused = sending.error !== null && !NOT_ASKED.has(sending.error.code);
  return (
    <section
      ref={place}
      class="stopped stack"
      role="status"
      aria-label="A stop that the vault has not accepted"
      tabIndex={-1}
    >
      <p>
        <strong>The vault has not accepted a stop that you signed</strong>: <Quoted of={signed.statement.reason} />.
        This page sends it again and again while it is open
        {isKeptByTab.value
          ? ', and keeps it after a reload. Save it, too'
          : '. The browser does not keep it after a reload: save it'}
        : anyone who has the file can deliver it.
      </p>
      <p>From any machine, with --also URL for another address of the vault; or on the vault’s own machine:</p>
      <pre>{`${commandElsewhere(['stop', file])}\n${programCommand(CLONE, 'twinlockd', ['stop', file])}`}</pre>
      <p>{CLONE_TEXT}</p>
      {ca === null ? null : (
        <p>
          {COPIED_CA} is a copy of this machine’s file <Text of={ca} />.
        </p>
      )}
      <ActionError action={sending} />
      <div class="row">
        <ActionButton action={sending} kind="danger">
          Send it again
        </ActionButton>
        <button type="button" onClick={() => save(signed)}>
          Save it as a file
        </button>
        {isRefused ? (
          <button type="button" onClick={() => forgetStop(signed)}>
            Forget it: the vault refuses it
          </button>
        ) : null}
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
