import type { TwinlockError } from '../../../../src/core/errors.ts';
import { adviceOn } from '../advice.ts';
import { facts } from '../vault.ts';
import { Notice } from './notice.tsx';
import { Text } from './text.tsx';

/** An error: its message, its code, and what to do. */
export function Failure({ error, result = false }: { error: TwinlockError; result?: boolean }) {
  const { title, advice, see, signedIn } = adviceOn(error);
  const isSignedIn = facts.value !== null;
  return (
    <Notice tone={error.group === 'alert' ? 'bad' : 'warn'} title={title} result={result}>
      <p class="sentence">
        <Text of={error.message} />
      </p>
      <p>
        {advice}
        {signedIn === undefined || !isSignedIn ? null : ` ${signedIn}`}
        {see === undefined || !isSignedIn ? null : (
          <>
            {' '}
            See <a href={`#/${see[0]}`}>{see[1]}</a>.
          </>
        )}
      </p>
      <p>
        <code>{error.code}</code>
      </p>
    </Notice>
  );
}
