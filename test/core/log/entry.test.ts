import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import { type Entry, encodeEntry, MAX_ENTRY_BYTES, parseEntry } from '../../../src/core/log/entry.ts';
import { custodyMessage, hostReceiptMessage } from '../../../src/core/log/receipt.ts';
import { releasedWorld } from '../../world/world.ts';

const { world, asked, release } = await releasedWorld();
await world.append(world.draftHostReceipt(asked));
await world.append(await world.draftStop(world.stop('all', '00'.repeat(32), world.founder('ben'))));
world.now += 2 * 60 * 60_000;
await world.append({ kind: 'expiry', body: { proposal: release } });
await world.append({ kind: 'refusal', body: { code: 'rate_limited', act: 'propose', who: null, count: 1, since: 1 } });
await world.append({ kind: 'heartbeat', body: {} });

const ENTRIES = new Map<string, Uint8Array>();
for (const bytes of world.log) {
  const entry = parseEntry(bytes);
  ENTRIES.set(entry.kind === 'receipt' ? `receipt of ${entry.body.type}` : entry.kind, bytes);
}
const code = (name: string) => expect.objectContaining({ code: name });
const HEARTBEAT = parseEntry(world.log.at(-1) ?? new Uint8Array());

test('every kind of entry is among the examples', () => {
  const kinds =
    'approval,deposit,expiry,genesis,heartbeat,proposal,receipt of custody,receipt of host,refusal,release,stop';
  expect([...ENTRIES.keys()].sort().join()).toBe(kinds);
});

describe.each([...ENTRIES])('an entry of %s', (_kind, bytes) => {
  const entry = parseEntry(bytes);

  test('is written as it was read', () => {
    expect(encodeEntry(entry)).toEqual(bytes);
  });

  test('is refused at a truncation', () => {
    for (let length = 0; length < bytes.length; length += bytes.length > 2000 ? 101 : 7) {
      expect(() => parseEntry(bytes.subarray(0, length))).toThrow(code('malformed'));
    }
  });

  test('is refused without a member, and with one that is not known', () => {
    for (const name of Object.keys(entry)) {
      expect(() => parseEntry(canonicalBytes({ ...entry, [name]: undefined }))).toThrow(code('malformed'));
    }
    for (const name of Object.keys(entry.body)) {
      const body = { ...entry.body, [name]: undefined };
      expect(() => parseEntry(canonicalBytes({ ...entry, body }))).toThrow(code('malformed'));
    }
    expect(() => parseEntry(canonicalBytes({ ...entry, more: 1 }))).toThrow(code('malformed'));
    expect(() => parseEntry(canonicalBytes({ ...entry, body: { ...entry.body, more: 1 } }))).toThrow(code('malformed'));
  });
});

describe('an entry', () => {
  const write = (changes: object) => canonicalBytes({ ...HEARTBEAT, ...changes });
  test.each([
    ['unsupported_version', 'another version', { v: 2 }],
    ['malformed', 'a version that is no number', { v: '1' }],
    ['malformed', 'a negative index', { index: -1 }],
    ['malformed', 'an index beyond 2^53', { index: 2 ** 53 }],
    ['malformed', 'a time with a fraction', { time: 0.5 }],
    ['malformed', 'an upper-case prev', { prev: 'AB'.repeat(32) }],
    ['unknown_kind', 'a kind that is not known', { kind: 'override' }],
    ['unknown_kind', 'a kind that every object has', { kind: 'toString' }],
    ['malformed', 'a body that is no object', { body: [] }],
  ])('is refused (%s) with %s', (expected, _what, changes) => {
    expect(() => parseEntry(write(changes))).toThrow(code(expected));
  });

  test.each([null, [], 'x', 1])('is refused with %j in place of its statement', (statement) => {
    const bytes = ENTRIES.get('stop') ?? new Uint8Array();
    const entry = parseEntry(bytes);
    const body = { ...entry.body, statement };
    expect(() => parseEntry(canonicalBytes({ ...entry, body }))).toThrow(code('malformed'));
  });

  test('of more than 65,535 bytes is neither written nor read', () => {
    const entry = {
      ...HEARTBEAT,
      kind: 'stop',
      body: { statement: { x: 'x'.repeat(MAX_ENTRY_BYTES) } },
    } as unknown as Entry;
    expect(() => encodeEntry(entry)).toThrow(code('too_large'));
    expect(() => parseEntry(canonicalBytes(entry))).toThrow(code('too_large'));
    expect(() => parseEntry(utf8(' '.repeat(MAX_ENTRY_BYTES)))).toThrow(code('malformed'));
  });
});

test('a receipt’s message differs with everything in it', () => {
  const draft = world.draftHostReceipt(asked).body;
  if (draft.type !== 'host') throw new Error('a host’s receipt was drafted');
  const { signature: _, ...said } = draft;
  const digest = '77'.repeat(32);
  const hosts = [
    said,
    { ...said, release: digest },
    { ...said, host: 1 },
    { ...said, keyCheck: digest },
    { ...said, files: 3 },
    { ...said, bytes: '1' },
    { ...said, modelSignature: digest },
    { ...said, evaluation: digest },
  ].map((one) => toHex(hostReceiptMessage(world.vault, one)));
  expect(new Set([...hosts, toHex(hostReceiptMessage(digest, said))]).size).toBe(9);
  const named = { manifest: '11'.repeat(32), envelope: '22'.repeat(32) };
  const custody = [
    custodyMessage(world.vault, named, 1),
    custodyMessage(digest, named, 1),
    custodyMessage(world.vault, { ...named, manifest: digest }, 1),
    custodyMessage(world.vault, { ...named, envelope: digest }, 1),
    custodyMessage(world.vault, named, 2),
  ].map(toHex);
  expect(new Set(custody).size).toBe(5);
});
