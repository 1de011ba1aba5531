import type { SentError, SignedAct } from '../../../custodian/sent.ts';
import { entries, facts } from '../vault.ts';
import { Notice } from './notice.tsx';
import { Text } from './text.tsx';

const NAMES: Readonly<Record<SignedAct['what'], string>> = {
  'sign-in': 'a sign-in',
  enrolment: 'an enrolment',
  genesis: 'the genesis',
  proposal: 'a proposal',
  decision: 'a decision',
  custody: 'that you hold a share',
  stop: 'a stop',
};

/** An error after a touch. It does not prove what the vault has recorded, so the page shows what the log says, and marks
 * the rest as the vault's claim. */
export function SentFailure({ error }: { error: SentError }) {
  const { what } = error.signed;
  return (
    <Notice tone="warn" title={`You have signed ${NAMES[what]}, and the vault may have it`} result>
      <Answered error={error} />
      <p>{whatIsKnown(error.signed)}</p>
    </Notice>
  );
}

/** The message and the code of the answer, as the vault's claim. */
export function Answered({ error }: { error: SentError }) {
  return (
    <p>
      It was sent, and an error came back: <Text of={error.message} />. The code in it, <code>{error.code}</code>, is a
      claim: it may be recorded all the same.
    </p>
  );
}

function whatIsKnown({ what, digest }: SignedAct): string {
  const known = facts.value;
  switch (what) {
    case 'sign-in':
      return 'A sign-in approves nothing. Try again.';
    case 'enrolment':
      return 'There is no log before genesis. Every founder sees and compares the enrolled keys.';
    case 'genesis':
      return 'The vault may count your signature. It is valid only for the genesis that you have compared.';
    case 'custody':
      return 'The log shows which of your shares are confirmed: see Versions.';
    default:
      if (known === null) return 'The log shows whether it counts: sign in to see.';
      if (digest !== null && known.statements.has(digest)) return 'It counts: the log has it.';
      return `It is not in the log as of entry ${entries.value - 1}. The vault can still record it.`;
  }
}
