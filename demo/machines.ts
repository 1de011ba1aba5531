import { Api } from '../client/api/api.ts';
import { propose } from '../client/custodian/propose.ts';
import {
  openPrincipalSession,
  type PrincipalKey,
  type PrincipalSession,
  principalKey,
  principalRecordOf,
} from '../client/principal/principal.ts';
import { writePrincipalKey } from '../client/principal/principal-file.ts';
import { toHex } from '../src/core/bytes.ts';
import type { PrincipalRecord } from '../src/core/statement/statement.ts';
import { platformRandom } from '../src/platform/random.ts';
import { approveAs } from './approving.ts';
import type { Workspace } from './daemon.ts';
import type { CustodianWorkstation } from './founders.ts';

/** The owner of a key: a founder, or a person who is no custodian. */
export interface KeyOwner {
  readonly owner: string;
  readonly ownerName: string;
}

export function ownedBy({ name, custodian }: CustodianWorkstation): KeyOwner {
  return { owner: custodian.person, ownerName: name };
}

export function outsider(ownerName: string): KeyOwner {
  return { owner: toHex(platformRandom(16)), ownerName };
}

export interface NewMachine {
  readonly role: PrincipalKey['role'];
  readonly name: string;
  readonly owner: KeyOwner;
  readonly models: readonly string[];
}

export function newKey(role: PrincipalKey['role'], name: string): PrincipalKey {
  return principalKey(role, name, platformRandom(32));
}

export function recordOf(key: PrincipalKey, { owner, models }: Pick<NewMachine, 'owner' | 'models'>): PrincipalRecord {
  return principalRecordOf(key, { ...owner, models: [...models] });
}

/** Enrols a machine's key by the usual rules: one custodian proposes, and two who do not own it approve. */
export async function enrolMachine(
  workspace: Workspace,
  baseUrl: string,
  machine: NewMachine,
  [proposer, other]: readonly [CustodianWorkstation, CustodianWorkstation],
): Promise<PrincipalSession> {
  const { role, name } = machine;
  const key = newKey(role, name);
  await writePrincipalKey(workspace.path(`${name}.key`), key);
  await proposer.replica.extend();
  const principal = recordOf(key, machine);
  const { digest } = await propose(proposer.custodian, proposer.replica, { kind: 'principal', principal });
  await approveAs(proposer, digest);
  await approveAs(other, digest);
  return openPrincipalSession(new Api({ baseUrl }), key, proposer.custodian.fingerprint);
}
