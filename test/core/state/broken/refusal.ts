import { expect } from 'vitest';
import type { Code } from '../../../../src/core/errors.ts';
import { CODES } from '../../../../src/core/errors.ts';
import type { EntryBodyOf, EntryDraft } from '../../../../src/core/log/entry.ts';
import { ed25519KeyText } from '../../../../src/core/signature/key-text.ts';
import {
  REFUSAL_WINDOW_MS,
  REFUSALS_A_DAY,
  REFUSALS_A_DAY_A_CALLER,
} from '../../../../src/core/state/entries/refusal.ts';
import type { World } from '../../../world/world.ts';
import { founded } from '../stages.ts';
import { type BrokenRule, rulesAt } from './broken.ts';

type Refusal = EntryBodyOf<'refusal'>;
const refusal = rulesAt('state/entries/refusal.ts');
const schema = rulesAt('schema.ts');
const ALL_CODES: readonly Code[] = Object.values(CODES).flat();

const draft = (world: World, body: Partial<Record<keyof Refusal, unknown>>): EntryDraft => ({
  kind: 'refusal',
  body: { code: 'out_of_scope', act: 'propose', who: null, count: 1, since: world.now, ...body } as Refusal,
});

export const REFUSAL: readonly BrokenRule[] = [
  schema('malformed', 'a refusal with a code that is not known', async () => {
    const { world } = await founded();
    return [world, draft(world, { code: 'stole_the_weights' })];
  }),
  schema('malformed', 'a refusal at an act that is not known', async () => {
    const { world } = await founded();
    return [world, draft(world, { act: 'steal' })];
  }),
  refusal('principal_unknown', 'a refusal of somebody whom the log does not know', async () => {
    const { world } = await founded();
    return [world, draft(world, { who: ed25519KeyText(new Uint8Array(32).fill(7)) })];
  }),
  refusal('limit_exceeded', 'two refusals of one kind in an hour, which are one with its number', async () => {
    const { world } = await founded();
    await world.append(draft(world, {}));
    world.now += REFUSAL_WINDOW_MS / 2;
    return [world, draft(world, {})];
  }),
  refusal('limit_exceeded', 'more refusals of one caller than a day has room for', async () => {
    const { world, ben } = await founded();
    const who = ben.authenticators[0].document.credential;
    for (const code of ALL_CODES.slice(0, REFUSALS_A_DAY_A_CALLER)) await world.append(draft(world, { code, who }));
    return [world, draft(world, { code: ALL_CODES.at(-1), who })];
  }),
  refusal('limit_exceeded', 'a refusal of a kind told within the hour, after one dated to another day', async () => {
    const { world } = await founded();
    const { now } = world;
    await world.append(draft(world, {}));
    await world.append(draft(world, {}), { time: now + 25 * REFUSAL_WINDOW_MS });
    return [world, draft(world, {}), { time: now }];
  }),
  refusal('limit_exceeded', 'more refusals than a day has room for', async () => {
    const { world } = await founded();
    const keys = [...world.facts.authenticators.keys(), ...world.facts.principals.keys()];
    const few = ALL_CODES.slice(0, REFUSALS_A_DAY_A_CALLER);
    const each = keys.flatMap((who) => few.map((code) => ({ code, who }))).slice(0, REFUSALS_A_DAY);
    expect(each.length).toBe(REFUSALS_A_DAY);
    for (const body of each) await world.append(draft(world, body));
    return [world, draft(world, { code: ALL_CODES.at(-1) })];
  }),
];
