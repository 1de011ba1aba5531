import { expect, test } from 'vitest';
import { nrasEvidenceOf } from '../../../../src/core/attest/token/nras-json.ts';
import type { Code } from '../../../../src/core/errors.ts';
import { nrasTokens } from '../../../platforms/token.ts';

const EVIDENCE = nrasTokens(new Uint8Array(32), { gpus: 11, switches: 3 });
const MAP = Object.fromEntries(EVIDENCE.devices.toReversed().map(({ name, token }) => [name, token]));
const answer = (overall: unknown = ['JWT', EVIDENCE.overall], devices: unknown = MAP) =>
  JSON.stringify([overall, devices]);

test("NVIDIA's answer becomes evidence, devices in the order of their numbers", () => {
  expect(nrasEvidenceOf(answer())).toEqual(EVIDENCE);
  expect(nrasEvidenceOf(JSON.stringify(JSON.parse(answer()), null, 2))).toEqual(EVIDENCE);
});

test.each<[string, string, Code]>([
  ['no JSON', '[', 'malformed'],
  ['an object', '{}', 'malformed'],
  ['nothing about devices', JSON.stringify([['JWT', EVIDENCE.overall]]), 'malformed'],
  ['something after the devices', JSON.stringify([['JWT', EVIDENCE.overall], MAP, {}]), 'malformed'],
  ['another kind of token', answer(['CWT', EVIDENCE.overall]), 'malformed'],
  ['a token that is none', answer(['JWT', 'token']), 'malformed'],
  ['no devices', answer(undefined, {}), 'malformed'],
  ['a device of another kind', answer(undefined, { 'NIC-0': EVIDENCE.overall }), 'malformed'],
  ['a switch without a number', answer(undefined, { SWITCH: EVIDENCE.overall }), 'malformed'],
  ['a device twice', `[["JWT","${EVIDENCE.overall}"],{"GPU-0":"a.b.c","GPU-0":"a.b.c"}]`, 'malformed'],
  ['more than an answer ever holds', `"${' '.repeat(1 << 19)}"`, 'too_large'],
])('an answer with %s is refused', (_, text, code) => {
  expect(() => nrasEvidenceOf(text)).toThrow(expect.objectContaining({ code }));
});
