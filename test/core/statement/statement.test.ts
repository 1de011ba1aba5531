import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBytes, parseCanonical } from '../../../src/core/canonical.ts';
import { KINDS, parseStatement, type Statement, statementDigest } from '../../../src/core/statement/statement.ts';
import { publishedWorld } from '../../world/world.ts';

const { world, deposit } = await publishedWorld();
const ana = world.founder('ana');
const STATEMENTS: { readonly [K in Statement['kind']]: Statement } = {
  clock: world.clockCorrection(ana),
  genesis: world.founding.statement,
  authenticator: world.keyRetirement(world.founder('ben'), ana),
  policy: world.policyChange({ veto: true }, ana),
  principal: world.principal(world.founding.auditor.record, ana),
  publish: world.publication(deposit),
  release: (await world.ask(deposit, { hosts: 2 })).statement,
  stop: world.stop('all', '00'.repeat(32), ana),
  resume: world.resumption('77'.repeat(32), ana),
};
const code = (name: string) => expect.objectContaining({ code: name });

/** Every place in a JSON value, as the names that lead to it. */
function* places(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (value === null || typeof value !== 'object') return;
  for (const [name, member] of Object.entries(value)) yield* places(member, [...path, name]);
}

/** The value with what is at `path` replaced; left out where it is replaced by undefined. */
function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return by;
  const copy: Record<string, unknown> = structuredClone(value) as Record<string, unknown>;
  const inner = replaced(copy[name], rest, by);
  if (inner === undefined && !Array.isArray(copy)) delete copy[name];
  else copy[name] = inner;
  return copy;
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], value);

describe.each(Object.entries(STATEMENTS))('a statement of kind %s', (kind, statement) => {
  test('is read as it was written', () => {
    const bytes = canonicalBytes(statement);
    expect(parseStatement(parseCanonical(bytes, bytes.length))).toEqual(statement);
  });

  test('is refused without any one of its fields', () => {
    for (const path of places(statement)) {
      if (/^\d+$/.test(path.at(-1) ?? '')) continue;
      const expected = path.join() === 'kind' ? 'unknown_kind' : 'malformed';
      expect(() => parseStatement(replaced(statement, path, undefined)), path.join('.')).toThrow(code(expected));
    }
  });

  test('is refused with a field of another type, or of null that is not for it', () => {
    for (const path of places(statement)) {
      const value = valueAt(statement, path);
      for (const other of [true, null, -1, 1.5, '', [[]], { x: 1 }]) {
        if (path.join() === 'evaluation' && other === null) continue;
        // That it is 2 or more is a rule of the fold, with a code of its own.
        if (path.join() === 'threshold' && other === -1) continue;
        if (JSON.stringify(other) === JSON.stringify(value)) continue;
        const expected = path.join() === 'kind' ? /unknown_kind|malformed/ : /malformed/;
        const parsing = () => parseStatement(replaced(statement, path, other));
        expect(parsing, `${path.join('.')} = ${JSON.stringify(other)}`).toThrow(
          expect.objectContaining({ code: expect.stringMatching(expected) }),
        );
      }
    }
  });

  test('is refused with a field that is not known, at any depth', () => {
    for (const path of [[], ...places(statement)]) {
      const value = valueAt(statement, path);
      if (value === null || typeof value !== 'object' || Array.isArray(value)) continue;
      for (const name of ['comment', '__proto__', 'toString']) {
        const json = JSON.stringify(replaced(statement, path, 'HERE')).replace(
          '"HERE"',
          JSON.stringify(value).replace('{', `{${JSON.stringify(name)}:1,`),
        );
        expect(() => parseStatement(JSON.parse(json)), `${path.join('.')}.${name}`).toThrow(code('malformed'));
      }
    }
  });

  test('is refused as a statement of every other kind', () => {
    for (const other of Object.keys(KINDS)) {
      if (other !== kind) expect(() => parseStatement({ ...statement, kind: other })).toThrow(code('malformed'));
    }
  });

  test('has another digest for every other value of a field', () => {
    const digests = new Set([statementDigest(statement)]);
    let count = 1;
    for (const path of places(statement)) {
      if (typeof valueAt(statement, path) !== 'string') continue;
      digests.add(statementDigest(replaced(statement, path, 'another') as Statement));
      count++;
    }
    expect(digests.size).toBe(count);
  });
});

test.each([
  undefined,
  null,
  1,
  'genesis',
  [],
  {},
  { kind: 1 },
  { kind: 'override' },
  { kind: 'toString' },
  { kind: '__proto__' },
])('%j is no statement', (value) => {
  expect(() => parseStatement(value)).toThrow(code('unknown_kind'));
});

test('a kind that needs one is a stop, and nothing that grants', () => {
  const one = Object.entries(KINDS).filter(([, { quorum }]) => quorum === 'one');
  expect(one.map(([kind]) => kind)).toEqual(['stop']);
});

test('a release comes back from its canonical form, for all texts and numbers', () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
  const fields = fc.record({
    reason: fc
      .string({ unit: fc.constantFrom(...'aZ09 .,-ß安🙂'), minLength: 1, maxLength: 100 })
      .map((text) => `r${text}r`),
    nonce: hex(64),
    created: fc.maxSafeNat(),
    leaseMs: fc.integer({ min: 1, max: 366 * 86_400_000 }),
    bytes: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String),
    purpose: fc.constantFrom('serving', 'evaluation'),
  });
  fc.assert(
    fc.property(fields, (changes) => {
      const statement = { ...STATEMENTS.release, ...changes } as Statement;
      const bytes = canonicalBytes(statement);
      const parsed = parseStatement(parseCanonical(bytes, bytes.length));
      expect(parsed).toEqual(statement);
      expect(statementDigest(parsed)).toBe(statementDigest(statement));
    }),
  );
});
