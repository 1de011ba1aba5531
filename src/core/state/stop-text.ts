import type { Hex } from '../bytes.ts';
import { TwinlockError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import type { Stop } from '../statement/statement.ts';
import { authenticatorNamed, keyDigest } from './entries/stop.ts';
import type { EnrolledAuthenticator, Facts, Principal } from './state.ts';

/** A key as the log names it: by its own name, null for a security key, and by its owner. */
interface NamedKey {
  readonly name: string | null;
  readonly owner: string;
  /** 16 bytes in hexadecimal: a name alone may be made to look like another's. */
  readonly person: Hex;
}

/** The log's names for the keys of a stop. */
export interface StopNames {
  /** The key that has signed it. */
  readonly by: NamedKey;
  /** The key that it retires; null where it stops something else. */
  readonly target: NamedKey | null;
}

/** The names of a stop that `checkStop` has accepted and whose target exists. */
export function stopNames(facts: Facts, { what, target, by }: Stop): StopNames {
  const named = (key: Principal | EnrolledAuthenticator | undefined) => namedKey(facts, key);
  const signer = by.kind === 'custodian' ? facts.authenticators.get(by.credential) : facts.principals.get(by.key);
  const retired = what === 'authenticator' ? authenticatorNamed(facts, target) : undefined;
  const machine = what === 'principal' ? facts.principals.find(({ key }) => keyDigest(key) === target) : undefined;
  return { by: named(signer) as NamedKey, target: named(retired ?? machine) };
}

function namedKey({ persons }: Facts, key: Principal | EnrolledAuthenticator | undefined): NamedKey | null {
  if (key === undefined) return null;
  const [name, person] = 'owner' in key ? [key.name, key.owner] : [null, key.person];
  return { name, owner: persons.get(person) ?? person, person };
}

/** One line: what a stop stops, and who signed it. `names` is null where the readers may not know them. */
export function stoppedText({ what, target, by }: Stop, names: StopNames | null): string {
  const signer = by.kind === 'custodian' ? `the security key ${by.credential}` : `the key ${by.key}`;
  const stopped = what === 'all' ? 'everything' : `${NAMED[what]} ${target}${ofText(names?.target ?? null)}`;
  return `${stopped}, by ${signer}${ofText(names?.by ?? null)}`;
}

/** The word for the effect of a stop, by its kind. */
export const STOPPED: Readonly<Record<Stop['what'], string>> = {
  all: 'stopped',
  release: 'ended',
  version: 'withdrawn',
  proposal: 'withdrawn',
  principal: 'retired',
  authenticator: 'retired',
};

/**
 * One line for a stop that changes nothing, because its effect holds already. The vault names no person to a stranger.
 */
export function alreadyText(stop: Stop, names: StopNames | null): string {
  return `${ALREADY[stop.what]} already: ${stoppedText(stop, names)}`;
}

function ofText(named: NamedKey | null): string {
  if (named === null) return '';
  const { name, owner, person } = named;
  return ` (${name === null ? '' : `${quoted(name)} `}of ${quoted(owner)}, person ${person})`;
}

const ALREADY = {
  all: 'stopped',
  release: 'over',
  version: 'withdrawn',
  proposal: 'over',
  principal: 'retired',
  authenticator: 'retired',
} as const;

const NAMED = {
  release: 'the release',
  version: 'the version with the manifest',
  proposal: 'the proposal',
  principal: 'the machine’s key with the digest',
  authenticator: 'the security key with the digest',
} as const;

/**
 * The error to report for a stop whose claim has failed: `error` itself, unless the signature is not true. The signature
 * is over a digest, so the vault cannot tell which part of the stop was changed.
 */
export function untrueStop(error: unknown, { by }: Stop): unknown {
  if (!(error instanceof TwinlockError && error.code === 'signature_invalid')) return error;
  const key = by.kind === 'custodian' ? 'the security key' : 'the machine’s key';
  const message = `${key} that the stop names has not signed it: it was changed after it was signed, or another key signed it. What was changed cannot be told, and it stops nothing: sign another, or let a custodian stop it`;
  return new TwinlockError(error.code, message, error.detail, { cause: error });
}
