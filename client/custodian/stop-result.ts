import type { Hex } from '../../src/core/bytes.ts';
import { quoted } from '../../src/core/quoted.ts';
import { authenticatorNamed, keyDigest } from '../../src/core/state/entries/stop.ts';
import { isWithdrawnProposal, releaseOf } from '../../src/core/state/lifecycle.ts';
import { type Facts, versionKey } from '../../src/core/state/state.ts';
import type { Stop } from '../../src/core/statement/statement.ts';
import { counted } from '../display/exact.ts';

/**
 * Whether the log shows a stop of everything as in force, or does not show it: a vault that has taken a stop may not
 * have recorded it. False once a quorum has resumed the vault.
 */
export function isNotResumed({ statements, stopped }: Facts, digest: Hex): boolean {
  return !statements.has(digest) || stopped?.some((stop) => stop.digest === digest) === true;
}

/**
 * Describes the effect of a recorded stop, and whether it can be undone. `facts` are those before or after the stop.
 */
export function stopResult(facts: Facts, { what, target }: Stop): string {
  switch (what) {
    case 'all':
      return 'Everything is stopped. A quorum can resume it.';
    case 'release': {
      const release = releaseOf(facts, target);
      return release !== null && isWithdrawnProposal(release)
        ? 'The request is withdrawn: it is never released. It cannot be undone: the host must ask again.'
        : 'The release is revoked: hosts are served nothing more under it. It cannot be undone. What they have fetched they have.';
    }
    case 'version': {
      const version = facts.versions.get(target);
      const name = version === undefined ? 'The version' : versionKey(version.model, version.version);
      return `${name} is withdrawn: it is neither released nor published any more. It cannot be undone: deposit it again, under another version.`;
    }
    case 'proposal':
      return 'The proposal is withdrawn: it cannot take effect any more. It cannot be undone: propose it again.';
    case 'principal': {
      const machine = facts.principals.find(({ key }) => keyDigest(key) === target);
      const name = machine === undefined ? 'The machine’s key' : `The machine’s key ${quoted(machine.name)}`;
      return `${name} is retired: it signs in no more, and what it asked for is served no more. It cannot be undone: enrol another.`;
    }
    case 'authenticator':
      return retired(facts, target);
  }
}

function retired(facts: Facts, target: Stop['target']): string {
  const key = authenticatorNamed(facts, target);
  if (key === undefined) return 'Your security key is retired. It cannot be undone.';
  const left = facts.authenticators.count(
    ({ person, credential, retiredAt }) => person === key.person && credential !== key.credential && retiredAt === null,
  );
  const said = `Your security key ${quoted(key.name)} (id ${key.credential}) is retired. It cannot be undone.`;
  return left === 0
    ? `${said} You have no other: you can no longer approve, stop or sign in. Tell the other custodians.`
    : `${said} You have ${counted(left, 'other key')} in use.`;
}
