import { Api } from '../../../client/api/api.ts';
import { type Fetch, platformFetch } from '../../../client/api/transport.ts';
import type { Ceremony, Custodian } from '../../../client/custodian/ceremony.ts';
import { type Enrolled, enrol } from '../../../client/custodian/enrol.ts';
import { type GenesisReview, reviewGenesis, signGenesis } from '../../../client/custodian/genesis.ts';
import { openSession } from '../../../client/custodian/session.ts';
import { SoftwareAuthenticator } from '../../../client/custodian/software-authenticator.ts';
import { openPrincipalSession, type PrincipalSession } from '../../../client/principal/principal.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { MapMemory, verify, wallClock } from '../client.ts';
import { FOUNDERS, type FounderName, type Prepared, ROLES } from './prepared.ts';

/** A founder before genesis. */
export interface Seat {
  readonly name: FounderName;
  readonly invitation: string;
  readonly device: SoftwareAuthenticator;
  readonly ceremony: Ceremony;
}

/** A custodian at their workstation: their key, their session, their own replay of the log. */
export interface Person extends Seat {
  readonly enrolled: readonly Enrolled[];
  readonly custodian: Custodian;
  readonly api: Api;
}

/** The custodians and the machines of a founded vault, each signed in. */
export interface Members {
  readonly baseUrl: string;
  readonly fingerprint: Hex;
  readonly anonymous: Api;
  /** The token of a session, for requests that no client makes. */
  tokenOf(api: Api): Promise<string>;
  readonly ana: Person;
  readonly ben: Person;
  readonly cleo: Person;
  /** The owner of the machines. */
  readonly owner: FounderName;
  readonly depositor: PrincipalSession;
  readonly requester: PrincipalSession;
  readonly auditor: PrincipalSession;
}

export async function seatsOf(
  baseUrl: string,
  { invitations }: Prepared,
  fetch: Fetch = platformFetch,
): Promise<readonly Seat[]> {
  const api = new Api({ baseUrl, fetch });
  const { rpId } = await api.vault();
  return FOUNDERS.map((name) => {
    const device = new SoftwareAuthenticator({ rpId, random: platformRandom });
    const memory = new MapMemory();
    const ceremony = { api, authenticator: device, verify, memory, random: platformRandom, now: wallClock };
    return { name, invitation: invitations[name], device, ceremony };
  });
}

/** The genesis as a founder sees it. Throws while other founders have not enrolled. */
export async function reviewAt({ ceremony, invitation }: Seat, own: readonly Enrolled[]): Promise<GenesisReview> {
  const review = await reviewGenesis(ceremony, invitation, own);
  if (!('statement' in review)) throw new Error(`waiting for ${review.missing.join(', ')}`);
  return review;
}

/** The whole founding over the API: enrolments, reviews, signatures. Signs every member in. */
export async function foundVault(baseUrl: string, prepared: Prepared, fetch: Fetch = platformFetch): Promise<Members> {
  const seats = await seatsOf(baseUrl, prepared, fetch);
  const enrolled = new Map<FounderName, readonly Enrolled[]>();
  for (const seat of seats) enrolled.set(seat.name, [await enrol(seat.ceremony, seat.invitation, 'key')]);
  let fingerprint = '';
  for (const seat of seats) {
    const own = enrolled.get(seat.name) ?? [];
    const reviewed = await reviewAt(seat, own);
    await signGenesis(seat.ceremony, seat.invitation, reviewed, own);
    fingerprint = reviewed.fingerprint;
  }
  return signAllIn(baseUrl, fingerprint, prepared, seats, enrolled, fetch);
}

async function signAllIn(
  baseUrl: string,
  fingerprint: Hex,
  { machines, owner }: Prepared,
  seats: readonly Seat[],
  enrolled: ReadonlyMap<FounderName, readonly Enrolled[]>,
  fetch: Fetch,
): Promise<Members> {
  let bearer = '';
  const noticing: Fetch = (url, init) => {
    bearer = init.headers['authorization']?.slice('Bearer '.length) ?? '';
    return fetch(url, init);
  };
  const anonymous = new Api({ baseUrl, fetch: noticing });
  const tokenOf = async (api: Api) => {
    await api.checkpoint();
    return bearer;
  };
  const persons = new Map<FounderName, Person>();
  for (const seat of seats) {
    const own = enrolled.get(seat.name) ?? [];
    const custodian = await openSession({ ...seat.ceremony, api: anonymous }, fingerprint, own);
    persons.set(seat.name, { ...seat, enrolled: own, custodian, api: custodian.api });
  }
  const [ana, ben, cleo] = FOUNDERS.map((name) => persons.get(name) as Person) as [Person, Person, Person];
  const [depositor, requester, auditor] = (await Promise.all(
    ROLES.map((role) => openPrincipalSession(anonymous, machines[role], fingerprint)),
  )) as [PrincipalSession, PrincipalSession, PrincipalSession];
  return { baseUrl, fingerprint, anonymous, tokenOf, ana, ben, cleo, owner, depositor, requester, auditor };
}

/** A custodian's session takes a touch, so no client opens it again by itself. */
export async function signInAgain({ anonymous, fingerprint }: Members, person: Person): Promise<Person> {
  const custodian = await openSession({ ...person.custodian, api: anonymous }, fingerprint, person.enrolled);
  return { ...person, custodian, api: custodian.api };
}
