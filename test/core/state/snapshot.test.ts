import { List, Map as PersistentMap } from 'immutable';
import { describe, expect, test } from 'vitest';
import { canonicalBytes, type JsonObject } from '../../../src/core/canonical.ts';
import type { Code } from '../../../src/core/errors.ts';
import { apply } from '../../../src/core/state/apply.ts';
import {
  decodeState,
  encodedPieces,
  encodeState,
  MAX_STATE_BYTES,
  STATE_RULES,
  stateDigest,
} from '../../../src/core/state/snapshot.ts';
import { stateFields } from '../../../src/core/state/snapshot-fields.ts';
import type { State, Version } from '../../../src/core/state/state.ts';
import { walkAtRandom } from '../../world/random-log.ts';
import { World } from '../../world/world.ts';
import { failureOf } from './sites.ts';
import { inProduction, released } from './stages.ts';

const digestFor = (i: number) => i.toString(16).padStart(64, '0');
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const json = (state: State) => JSON.parse(text(encodeState(state))) as JsonObject & { facts: JsonObject };

describe('a state that was encoded', () => {
  test('goes on as the one that was not, from every entry of a random log', async () => {
    const world = await World.found({ label: 'snapshots' });
    await walkAtRandom(world, 150);
    const kinds = new Set(world.log.map((bytes) => (JSON.parse(text(bytes)) as { kind: string }).kind));
    expect([...kinds].sort()).toEqual(
      'approval deposit expiry genesis heartbeat proposal receipt refusal release stop'.split(' '),
    );
    let whole: State | null = null;
    let restarted: State | null = null;
    for (const bytes of world.log) {
      whole = apply(whole, bytes, world.objects).state;
      restarted = apply(restarted, bytes, world.objects).state;
      const encoded = encodeState(restarted);
      expect(text(encoded)).toBe(text(encodeState(whole)));
      restarted = decodeState(encoded);
    }
    expect(stateDigest(restarted as State)).toBe(stateDigest(world.state));
    expect((restarted as State).facts.versions.toJS()).toEqual(world.facts.versions.toJS());
  });

  test('is the same bytes whatever the order in which its maps were filled', async () => {
    const { world } = await released();
    const { proposals } = world.facts;
    const facts = { ...world.facts, proposals: proposals.clear().merge([...proposals].reverse()) };
    expect(stateDigest({ ...world.state, facts })).toBe(stateDigest(world.state));
  });

  test('is canonical JSON', async () => {
    const { world } = await released();
    expect(text(encodeState(world.state))).toBe(text(canonicalBytes(json(world.state))));
  });

  test('is made in pieces that are small, however many rows a collection has', async () => {
    const { world } = await released();
    const [version] = world.facts.versions.values();
    const versions = PersistentMap(Array.from({ length: 500 }, (_, i) => [digestFor(i), version as Version]));
    const recent = List(Array.from({ length: 500 }, (_, i) => ({ root: digestFor(i), time: i })));
    const state = { chain: { ...world.state.chain, recent }, facts: { ...world.facts, versions } };
    const pieces = [...encodedPieces(state)];
    const longest = Math.max(...pieces.map(({ length }) => length));
    expect(longest).toBeLessThan(32 * 1024);
    expect(pieces.join('')).toBe(text(encodeState(state)));
    expect(text(canonicalBytes(json(state)))).toBe(text(encodeState(state)));
    expect(decodeState(encodeState(state)).facts.versions.size).toBe(500);
  });

  test('of a production vault is read', async () => {
    const { world } = await inProduction();
    expect(stateDigest(decodeState(encodeState(world.state)))).toBe(stateDigest(world.state));
  });

  test('has a description of every field, and none that a state does not have', async () => {
    const { world } = await released();
    expect(Object.keys(json(world.state).facts).sort()).toEqual(Object.keys(world.facts).sort());
    expect(Object.keys(stateFields).sort()).toEqual(Object.keys(world.state).sort());
    const facts = { ...world.facts, forgotten: 1 };
    expect(() => encodeState({ ...world.state, facts })).toThrow(/unrecognized_keys/);
    const { attestedMs: _, ...less } = world.facts;
    expect(() => encodeState({ ...world.state, facts: less as State['facts'] })).toThrow(/attestedMs/);
  });
});

describe('decoding a state refuses', () => {
  const changed = async (change: (value: ReturnType<typeof json>) => object): Promise<Uint8Array> => {
    const { world } = await released();
    return canonicalBytes(change(json(world.state)));
  };
  const facts = (changes: object) => changed((value) => ({ ...value, facts: { ...value.facts, ...changes } }));
  const CASES: readonly (readonly [string, Code, () => Promise<Uint8Array>])[] = [
    ['a state of other rules', 'unsupported_version', () => changed((value) => ({ ...value, rules: STATE_RULES + 1 }))],
    ['another version', 'unsupported_version', () => changed((value) => ({ ...value, v: 2 }))],
    ['another document', 'malformed', () => changed((value) => ({ ...value, kind: 'entry' }))],
    ['a member more', 'malformed', () => facts({ more: 1 })],
    ['a member less', 'malformed', () => changed(({ chain: _, ...value }) => value)],
    ['a map that is out of order', 'not_canonical', () => facts({ persons: personsOf('bb', 'aa') })],
    ['a key that is there twice', 'not_canonical', () => facts({ persons: personsOf('aa', 'aa') })],
    ['a number that is none', 'malformed', () => facts({ attestedMs: 1.5 })],
    ['bytes of another length', 'malformed', () => changed((value) => withoutKey(value, 'kem'))],
    ['white space', 'not_canonical', async () => new TextEncoder().encode(` ${text(await facts({}))}`)],
    ['what is no JSON', 'malformed', async () => new TextEncoder().encode('{')],
    ['more than any state has', 'too_large', async () => new Uint8Array(MAX_STATE_BYTES + 1)],
    ['nothing', 'malformed', async () => new Uint8Array()],
    ['null', 'unsupported_version', async () => new TextEncoder().encode('null')],
  ];
  test.each(CASES)('%s', async (_, code, bytes) => {
    const encoded = await bytes();
    expect(await failureOf(async () => decodeState(encoded))).toMatchObject({ code });
  });

  test('every truncation', async () => {
    const { world } = await released();
    const bytes = encodeState(world.state);
    for (let at = 0; at < bytes.length; at += 997) {
      expect(await failureOf(async () => decodeState(bytes.subarray(0, at)))).toMatchObject({ code: 'malformed' });
    }
  });
});

const personsOf = (...ids: readonly string[]) => ids.map((byte) => [byte.repeat(16), 'somebody']);

function withoutKey(value: ReturnType<typeof json>, name: string): object {
  const [[credential, first], ...others] = value.facts['authenticators'] as [string, object][] as [
    [string, object],
    ...[string, object][],
  ];
  return { ...value, facts: { ...value.facts, authenticators: [[credential, { ...first, [name]: '' }], ...others] } };
}
