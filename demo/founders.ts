import { writeFileSync } from 'node:fs';
import { Api } from '../client/api/api.ts';
import type { Ceremony, Custodian } from '../client/custodian/ceremony.ts';
import { followLog } from '../client/custodian/ceremony.ts';
import { type Enrolled, enrol } from '../client/custodian/enrol.ts';
import { type GenesisReview, reviewGenesis, signGenesis } from '../client/custodian/genesis.ts';
import { openSession } from '../client/custodian/session.ts';
import { SoftwareAuthenticator } from '../client/custodian/software-authenticator.ts';
import { exportCredentials } from '../client/custodian/software-state.ts';
import { checkpointFiles } from '../client/log/checkpoint-file.ts';
import type { Replica } from '../client/log/replica.ts';
import type { Hex } from '../src/core/bytes.ts';
import { must } from '../src/core/errors.ts';
import { platformRandom } from '../src/platform/random.ts';
import { verifyNode } from '../src/platform/verify-node.ts';
import type { Workspace } from './daemon.ts';

/** A founder at their own workstation, before there is a vault. */
export interface FounderWorkstation {
  readonly name: string;
  readonly invitation: string;
  readonly ceremony: Ceremony;
  readonly device: SoftwareAuthenticator;
  readonly enrolled: readonly Enrolled[];
}

/** A founder signed in, with their own replay of the log. */
export interface CustodianWorkstation {
  readonly name: string;
  readonly custodian: Custodian;
  readonly device: SoftwareAuthenticator;
  readonly enrolled: readonly Enrolled[];
  readonly replica: Replica;
}

/** Enrols one software authenticator: its keys never leave this "workstation", the vault gets public halves. */
export async function enrolFounder(
  workspace: Workspace,
  baseUrl: string,
  name: string,
  invitation: string,
): Promise<FounderWorkstation> {
  const api = new Api({ baseUrl });
  const { rpId } = await api.vault();
  const device = new SoftwareAuthenticator({ rpId, random: platformRandom });
  const ceremony: Ceremony = {
    api,
    authenticator: device,
    verify: async (claim) => verifyNode(claim),
    memory: checkpointFiles(workspace.path(name)),
    random: platformRandom,
    now: Date.now,
  };
  const enrolled = [await enrol(ceremony, invitation, `key of ${name}`)];
  return { name, invitation, ceremony, device, enrolled };
}

/** Reviews the genesis as each founder; all founders must see the same twelve words. */
export async function compareGenesis(founders: readonly FounderWorkstation[]): Promise<readonly GenesisReview[]> {
  const reviews: GenesisReview[] = [];
  for (const { ceremony, invitation, enrolled } of founders) {
    const review = await reviewGenesis(ceremony, invitation, enrolled);
    if (!('statement' in review)) throw new Error(`still waiting for ${review.missing.join(', ')}`);
    reviews.push(review);
  }
  const isSame = reviews.every((review) => review.code === reviews[0]?.code);
  must(isSame, 'genesis_changed', 'the founders see different words');
  return reviews;
}

/** Every founder signs what they reviewed; the last signature founds the vault. Returns its fingerprint. */
export async function signAll(
  founders: readonly FounderWorkstation[],
  reviews: readonly GenesisReview[],
): Promise<Hex> {
  for (const [i, { ceremony, invitation, enrolled }] of founders.entries()) {
    await signGenesis(ceremony, invitation, reviews[i] as GenesisReview, enrolled);
  }
  return (reviews[0] as GenesisReview).fingerprint;
}

export async function signInFounder(founder: FounderWorkstation, fingerprint: Hex): Promise<CustodianWorkstation> {
  const { name, ceremony, device, enrolled } = founder;
  const custodian = await openSession(ceremony, fingerprint, enrolled);
  return { name, custodian, device, enrolled, replica: await followLog(custodian) };
}

/** Signs in again after a restart of the daemon, which forgets sessions. */
export async function signInAgain(person: CustodianWorkstation): Promise<CustodianWorkstation> {
  const custodian = await openSession(person.custodian, person.custodian.fingerprint, person.enrolled);
  return { ...person, custodian, replica: await followLog(custodian) };
}

/** Writes the founder's authenticator for a vault that is kept: a person with this file can act as the founder. Returns its
 * path. */
export function keepAuthenticator(workspace: Workspace, { name, device }: CustodianWorkstation): string {
  const file = workspace.path(name, 'authenticator.json');
  writeFileSync(file, exportCredentials(device.credentials), { mode: 0o600 });
  return file;
}
