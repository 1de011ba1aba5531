import type { Deposit } from '../../world/deposit.ts';
import type { FoundingOptions } from '../../world/founding.ts';
import type { Founder } from '../../world/people.ts';
import { type Asked, publishedWorld, releasedWorld, World } from '../../world/world.ts';

/** A world at some point of its story, and who is in it. */
export interface Stage {
  readonly world: World;
  readonly ana: Founder;
  readonly ben: Founder;
  readonly cleo: Founder;
  /** Absent where a vault was founded by three. */
  readonly dan: Founder;
}
type Deposited = Stage & { readonly deposit: Deposit };
type Released = Deposited & { readonly asked: Asked; readonly release: string };

/** Each is made once; a caller gets the same past with a future of its own. */
export function stage<T extends { readonly world: World }>(make: () => Promise<T>): () => Promise<T & Stage> {
  let made: Promise<T> | null = null;
  return async () => {
    made ??= make();
    const base = await made;
    const world = base.world.fork();
    const [ana, ben, cleo, dan = cleo] = world.founding.founders as readonly [Founder, Founder, Founder, Founder?];
    return { ...base, world, ana, ben, cleo, dan };
  };
}

export const unfounded = stage(async () => ({ world: await World.beforeGenesis() }));
export const founded = stage(async () => ({ world: await World.found() }));
export const deposited: () => Promise<Deposited> = stage(async () => {
  const world = await World.found();
  return { world, deposit: await world.deposit() };
});
export const published: () => Promise<Deposited> = stage(() => publishedWorld());
export const released: () => Promise<Released> = stage(() => releasedWorld());
/** A production vault, which no evidence of hosts satisfies yet. */
export const inProduction = stage(() => publishedWorld({ grade: 'production' }));
/** Depositor and requester may touch `acme/*` and nothing else. */
export const scoped = stage(() => publishedWorld({ models: ['acme/*'] }));

export const foundedWith = (options: FoundingOptions): (() => Promise<Stage>) =>
  stage(async () => ({ world: await World.found(options) }));

export const publishedWith = (options: FoundingOptions): (() => Promise<Deposited>) =>
  stage(() => publishedWorld(options));
