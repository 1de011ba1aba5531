import type { Code, CodeGroup, TwinlockError } from '../../../src/core/errors.ts';
import { NotReachedError } from '../../custodian/sent.ts';

interface Advice {
  readonly title: string;
  readonly advice: string;
  /** The screen where the person does it: its place in the address, and its name. */
  readonly see?: readonly [place: string, name: string];
  /** Further advice, shown only after sign-in, as `see` is: before it, there is no log and no such screen. */
  readonly signedIn?: string;
}

const BY_GROUP: Readonly<Record<CodeGroup, Advice>> = {
  mend: { title: 'This was refused', advice: 'Correct what the message above names, then try again.' },
  denied: { title: 'This was denied', advice: 'Read the reasons of the custodians who denied it, and ask them.' },
  expired: { title: 'This has expired', advice: 'Propose it again.' },
  overtaken: {
    title: 'Something has changed since',
    advice: 'Check it again, then try again.',
  },
  ended: { title: 'This has ended', advice: 'See how it ended; there is nothing left to do.' },
  stopped: {
    title: 'The vault is stopped',
    advice: 'A quorum must resume it first: propose that, then approve it.',
    see: ['propose', 'Propose'],
  },
  retry: { title: 'Not now', advice: 'Nothing is wrong with what you did. Try again.' },
  alert: {
    title: 'Stop: something is wrong',
    advice: 'Approve nothing. Keep this screen, and tell the other custodians by another channel.',
  },
};

/** Codes with better advice than their group's. */
const BY_CODE: Partial<Record<Code, Advice>> = {
  cancelled: {
    title: 'Nothing was signed',
    advice: 'When you are ready, press the button again and touch your security key while it blinks.',
  },
  unavailable: {
    title: 'No connection',
    advice: 'See whether the vault and twinlock console are running, then try again. Nothing is lost.',
  },
  clock_skew: {
    title: 'The clocks disagree',
    advice:
      'Compare both with a clock that you trust. If this machine’s is wrong, set it. If the vault’s is wrong, tell its operator, and approve nothing.',
    see: ['propose', 'Propose'],
    signedIn: 'If both are right, a custodian has signed a time that was ahead: a quorum sets the log’s clock back.',
  },
  unauthenticated: {
    title: 'You are not signed in',
    advice: 'Sign in again. A session ends after 8 hours, and when the vault restarts.',
  },
  invitation_unknown: {
    title: 'The vault does not know this invitation',
    advice: 'Check that you copied all of it. An invitation is for one person and one vault, until genesis.',
  },
  invitation_stale: { title: 'This invitation is too old', advice: 'Ask the vault’s operator for a new one.' },
  genesis_changed: {
    title: 'The genesis has changed',
    advice: 'A founder enrolled another authenticator. Compare the new words with every founder before you sign.',
  },
  credential_exists: {
    title: 'This security key is enrolled already',
    advice: 'Use another one. A person usually has two keys: one in use, one in a safe.',
  },
  credential_unknown: {
    title: 'No enrolled security key was found',
    advice:
      'Insert the key that is named above, or one that you enrolled in this vault. On a new workstation, add its credential id first.',
  },
  credential_retired: {
    title: 'This security key is retired',
    advice:
      'It cannot sign in, approve or stop any more, and it cannot return. Use another security key of yours. If you have none, the other custodians decide without you.',
  },
  quorum_unreachable: {
    title: 'No quorum could approve this',
    advice: 'Nothing was signed. The message above says who cannot approve it, why, and what to do.',
  },
  exists: {
    title: 'This exists already',
    advice: 'Nothing was signed. See the one that is there.',
    see: ['proposals', 'Proposals'],
  },
  prf_missing: {
    title: 'This authenticator cannot hold shares',
    advice: 'Take a FIDO2 security key with hmac-secret (PRF); nothing was enrolled.',
  },
  prf_unusable: {
    title: 'This browser does not pass on the secret of the security key',
    advice:
      'Nothing was sent to the vault. Open this console in Chrome, Edge or another browser made from Chromium, on a computer. The README lists what works.',
  },
  user_unverified: {
    title: 'You were not verified',
    advice: 'Set a PIN or fingerprint on your security key, then try again.',
  },
  wrong_rp_id: {
    title: 'This page is under the wrong name',
    advice:
      'Open the address that twinlock console printed. If you did, the vault claims a wrong name: tell the other custodians.',
  },
  wrong_challenge: {
    title: 'The vault and this console disagree on what was signed',
    advice:
      'Compare the fingerprint that this console was given with the one that was kept: it may be of another vault. If it is right, approve nothing and tell the others.',
  },
  backup_eligible: {
    title: 'This authenticator can be copied',
    advice: 'Synchronised passkeys cannot hold shares. Use a hardware security key.',
  },
  proposal_unknown: {
    title: 'The log has no such proposal',
    advice:
      'If you have signed it just now, the vault has it and can still record it: look before you propose it again.',
    see: ['proposals', 'Proposals'],
  },
  proposal_closed: { title: 'This has been decided already', advice: 'See how it ended; there is nothing left to do.' },
};

const NOT_REACHED: Advice = {
  title: 'The vault was not reached',
  advice:
    'Nothing was sent to it. See whether the vault runs, then try again. A stop that you signed stays on this page, which sends it again by itself.',
};

export function adviceOn(error: TwinlockError): Advice {
  if (error instanceof NotReachedError) return NOT_REACHED;
  return BY_CODE[error.code] ?? BY_GROUP[error.group];
}
