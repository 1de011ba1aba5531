import type { Hex } from '../../../src/core/bytes.ts';
import type { Entry, EntryDraft } from '../../../src/core/log/entry.ts';
import { type Applied, apply } from '../../../src/core/state/apply.ts';
import { endMs, nextPhase } from '../../../src/core/state/lifecycle.ts';
import type { Proposable } from '../../../src/core/state/state.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import type { Deposit } from '../../world/deposit.ts';
import { draftGenesis, HOUR_MS, POLICY, prepareFounding } from '../../world/founding.ts';
import type { Place } from '../../world/log.ts';
import { type Founder, type Machine, makeMachine, OUTSIDER } from '../../world/people.ts';
import { type Asked, World } from '../../world/world.ts';
import { QuickAuthenticator } from './quick-authenticator.ts';

/** Raise this number when the story changes: logs of another story are not used again. */
export const STORY = 1;

const ZEROS = '00'.repeat(32);
const HOURS_A_DAY = 24;
/** Versions that are on offer: a new one takes the place of the oldest, which a custodian withdraws. */
const VERSIONS = 8;

/** The receiver of the entries: the world itself keeps none. */
export type Sink = (bytes: Uint8Array, entry: Entry, world: VaultInUse) => void;

class Full extends Error {}

/**
 * A vault in use, for a log as long as one wants, every signature real. Of every 100 entries 61 are of releases that
 * were granted, from the proposal to the end of the lease; 20 are heartbeats; 10 are of requests that were denied,
 * withdrawn or not decided in time; 5 tell what was turned away; and 4 are deposits, publications, withdrawn versions,
 * changes of policy, machines that come and go, stops of everything and resumptions.
 *
 * It judges each entry, and does not verify what it has signed itself: whoever replays the log does.
 */
export class VaultInUse extends World {
  #sink: Sink = () => undefined;
  #limit = 0;
  #days = 0;
  #versions: Deposit[] = [];
  #machines: Machine[] = [];
  /** The releases and proposals whose end is still to be recorded. */
  #ending: Hex[] = [];

  /** Lives until its log has `limit` entries; `pause` is awaited between its days. */
  static async live(limit: number, sink: Sink, pause: () => Promise<void>): Promise<VaultInUse> {
    const label = 'a vault in use';
    const founding = await prepareFounding({ label });
    const world = new VaultInUse({ ...founding, founders: founding.founders.map(quick) }, label);
    world.#sink = sink;
    world.#limit = limit;
    try {
      await world.append(await draftGenesis(world.founding, world.founding.statement));
      for (;;) {
        await world.#liveADay();
        await pause();
      }
    } catch (error) {
      if (!(error instanceof Full)) throw error;
      return world;
    }
  }

  override async tryAppend(draft: EntryDraft | Uint8Array, place: Place = {}): Promise<Applied> {
    if (this.size === this.#limit) throw new Full();
    return apply(this.stateOrNull, draft instanceof Uint8Array ? draft : this.seal(draft, place), this.objects);
  }

  protected override keepEntry(bytes: Uint8Array, entry: Entry): void {
    this.#sink(bytes, entry, this);
  }

  override async propose(statement: Proposable): Promise<Hex> {
    const digest = await super.propose(statement);
    this.#ending.push(digest);
    return digest;
  }

  async #liveADay(): Promise<void> {
    const day = this.#days++;
    const midnight = this.now;
    if (day % 4 === 0) await this.#replaceVersion();
    if (day % 7 === 0)
      await this.changePolicy({ limits: { ...POLICY.limits, hosts: 2 + (day % 60) } }, ...this.#three());
    if (day % 7 === 3) await this.#replaceMachine();
    if (day % 28 === 5) await this.#stopAndResume();
    for (let hour = 1; hour <= HOURS_A_DAY; hour++) {
      this.now = midnight + hour * HOUR_MS;
      await this.#tellEnds();
      if (hour % 3 === 0) await this.#release(hour, day);
      else await this.append({ kind: 'heartbeat', body: {} });
      if (hour % 6 === 1) await this.#refuse(hour);
    }
    await this.#undecided();
    // An object that no entry has named yet will not be named later.
    this.objects.clear();
  }

  async #release(hour: number, day: number): Promise<void> {
    const asked = await this.ask(this.#version(hour), { hosts: hour % 12 === 0 ? 2 : 1 });
    const release = await this.release(asked, ...this.#three().slice(1));
    for (const host of asked.hosts.keys()) await this.append(this.draftHostReceipt(asked, { host }));
    if (hour === 12 && day % 7 === 6)
      await this.append(await this.draftStop(this.stop('release', release, this.#three()[0])));
  }

  /** Requests of which nothing comes: one is denied, one withdrawn, and one not decided in time. */
  async #undecided(): Promise<void> {
    const asked: Asked[] = [];
    for (let i = 0; i < 3; i++) asked.push(await this.ask(this.#version(i)));
    const [denied, withdrawn, late] = asked as [Asked, Asked, Asked];
    const [, ben, cleo] = this.#three();
    await this.deny(await this.propose(denied.statement), ben, cleo);
    const proposal = await this.propose(withdrawn.statement);
    await this.append(await this.draftStop(this.stop('proposal', proposal, this.founding.requester)));
    await this.approve(await this.propose(late.statement), cleo);
  }

  async #refuse(hour: number): Promise<void> {
    const { requester, depositor } = this.founding;
    const who = (hour % 12 === 1 ? requester : depositor).record.key;
    await this.append({
      kind: 'refusal',
      body: { code: 'out_of_scope', act: 'propose', who, count: hour, since: this.now },
    });
  }

  async #replaceVersion(): Promise<void> {
    const deposit = await this.deposit({ version: String(this.#days) });
    const { founders } = this.founding;
    await this.confirm(deposit, ...founders);
    const [ana, ben] = this.#three();
    await this.approve(await this.propose(this.publication(deposit)), ana, ben);
    this.#versions.push(deposit);
    if (this.#versions.length <= VERSIONS) return;
    const oldest = this.#versions.shift()?.manifest ?? ZEROS;
    await this.append(await this.draftStop(this.stop('version', oldest, ana)));
  }

  async #replaceMachine(): Promise<void> {
    const [ana, ben, cleo] = this.#three();
    const machine = makeMachine({ role: 'auditor', name: `machine ${this.#days}`, ...OUTSIDER }, this.random);
    await this.approve(await this.propose(this.principal(machine.record, ana)), ben, cleo);
    this.#machines.push(machine);
    const oldest = this.#machines.length > VERSIONS ? this.#machines.shift() : undefined;
    if (oldest !== undefined) await this.retire(oldest, ana);
  }

  async #stopAndResume(): Promise<void> {
    const [ana, ben, cleo] = this.#three();
    await this.append(await this.draftStop(this.stop('all', ZEROS, cleo)));
    const stop = this.facts.stopped?.at(-1)?.digest ?? ZEROS;
    await this.approve(await this.propose(this.resumption(stop, ana)), ben, cleo);
  }

  /** Does what a vault's upkeep does. */
  async #tellEnds(): Promise<void> {
    const left: Hex[] = [];
    for (const digest of this.#ending) {
      const proposal = this.facts.proposals.get(digest);
      if (proposal === undefined || nextPhase(proposal, 'expire') === null) continue;
      if (endMs(proposal) < this.now) await this.append({ kind: 'expiry', body: { proposal: digest } });
      else left.push(digest);
    }
    this.#ending = left;
  }

  #version(number: number): Deposit {
    const version = this.#versions[number % this.#versions.length];
    if (version === undefined) throw new Error('expected a version on offer');
    return version;
  }

  #three(): readonly [Founder, Founder, Founder] {
    return this.founding.founders.slice(0, 3) as unknown as readonly [Founder, Founder, Founder];
  }
}

/** The same person, whose keys sign faster. */
function quick(founder: Founder): Founder {
  const [first, ...others] = founder.authenticators.map((enrolled) => {
    const { rpId, credentials } = enrolled.device;
    return { ...enrolled, device: new QuickAuthenticator({ rpId, credentials, random: platformRandom }) };
  });
  if (first === undefined) throw new Error('expected an authenticator');
  return { ...founder, authenticators: [first, ...others] };
}
