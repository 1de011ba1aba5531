import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import { frame, frameDigest, type Label } from '../../src/core/frame.ts';

const label = fc.string({ maxLength: 6 }).map((text): Label => `twinlock/v1/${text}`);
const fields = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 5 });

test('is the label, the number of fields and each with its length', () => {
  expect(toHex(frame('twinlock/v1/x', utf8('ab'), new Uint8Array()))).toBe(
    `000d${toHex(utf8('twinlock/v1/x'))}0002000000026162${'00000000'}`,
  );
  expect(toHex(frameDigest('twinlock/v1/x'))).toBe(digestOf(frame('twinlock/v1/x')));
});

test('no two lists of fields have the same frame, and no frame of one label is one of another', () => {
  fc.assert(
    fc.property(label, fields, label, fields, (labelA, a, labelB, b) => {
      const same = labelA === labelB && a.map(toHex).join() === b.map(toHex).join() && a.length === b.length;
      expect(toHex(frame(labelA, ...a)) === toHex(frame(labelB, ...b))).toBe(same);
    }),
    { numRuns: 500 },
  );
});

test('a byte moved from one field to the next gives another frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 20 }), fc.nat(), fc.nat(), (bytes, i, j) => {
      const split = (at: number) => [bytes.subarray(0, at), bytes.subarray(at)] as const;
      const [a, b] = [i % (bytes.length + 1), j % (bytes.length + 1)];
      const frames = [frame('twinlock/v1/x', ...split(a)), frame('twinlock/v1/x', ...split(b))].map(toHex);
      expect(frames[0] === frames[1]).toBe(a === b);
    }),
  );
});

test('refuses a label that its length cannot say', () => {
  expect(() => frame(`twinlock/v1/${'x'.repeat(65_536)}`)).toThrow(expect.objectContaining({ code: 'malformed' }));
});
