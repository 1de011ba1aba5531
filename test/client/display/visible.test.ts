import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { table } from '../../../client/cli/text.ts';
import { visiblePieces, visibleText } from '../../../client/display/visible.ts';
import { personName } from '../../../src/core/name/name.ts';
import { letters } from '../../../src/core/name/tables.ts';

describe('a text', () => {
  test.each(['ကျော်', 'ព្រះស្រ៊ុំ', 'a', 'two words', 'Ana', 'José', '모델', 'שלום', '{"a": 1}', '漢字 かな', '𝛼'])(
    'that is seen is shown as it is: %s',
    (text) => {
      expect(visiblePieces(text)).toEqual([{ text, isEscape: false }]);
    },
  );

  test.each([
    ['a  b', 'a⟨U+0020 × 2⟩b'],
    [' a', '⟨U+0020⟩a'],
    ['a ', 'a⟨U+0020⟩'],
    ['a\u00a0b', 'a⟨U+00A0⟩b'],
    ['a \u2003b', 'a⟨U+0020⟩⟨U+2003⟩b'],
    ['a\nb\t', 'a⟨U+000A⟩b⟨U+0009⟩'],
    ['a\u200bb', 'a⟨U+200B⟩b'],
    ['a\u202eb', 'a⟨U+202E⟩b'],
    ['a\u2800b\u3164', 'a⟨U+2800⟩b⟨U+3164⟩'],
    ['a\ufffc\u{1d159}\u{13441}', 'a⟨U+FFFC⟩⟨U+1D159⟩⟨U+13441⟩'],
    ['\u{18b00}\u{16fe4}\u{18b01}', '\u{18b00}⟨U+16FE4⟩\u{18b01}'],
    ['\u2d37\u2d7f\u2d37', '\u2d37⟨U+2D7F⟩\u2d37'],
    ['\u{11052}\u{1107f}\u{11053}', '\u{11052}⟨U+1107F⟩\u{11053}'],
    ['a⟨U+00A0⟩b', 'a⟨U+27E8⟩U+00A0⟨U+27E9⟩b'],
    ['a\u{e0041}', 'a⟨U+E0041⟩'],
    ['\ud800', '⟨U+D800⟩'],
    ['\ue000\u{fffff}', '⟨U+E000⟩⟨U+FFFFF⟩'],
    ['\u0301a', '⟨U+0301⟩a'],
    ['e\u0301', 'e⟨U+0301⟩'],
    ['\u212b', '⟨U+212B⟩'],
    [`x${'\u0330'.repeat(63)}`, `x\u0330\u0330⟨U+0330 × 61⟩`],
    ['', ''],
  ])('whose characters are not seen shows their code points: %j', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test('that is accepted as a name is shown as it is', () => {
    const all = [...letters.keys()];
    const marks = all.filter((code) => letters.get(code)?.isMark);
    const anyName = fc
      .tuple(fc.constantFrom(...all), fc.array(fc.constantFrom(...marks), { maxLength: 5 }))
      .map(([first, rest]) => String.fromCodePoint(first, ...rest).normalize('NFC'))
      .filter((name) => personName.safeParse(name).success);
    const property = fc.property(anyName, (name) => {
      expect(visibleText(name)).toBe(name);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('can be read from what is shown: no other text looks the same on a terminal', () => {
    const read = (shown: string) =>
      shown.replace(/⟨U\+([0-9A-F]+)(?: × (\d+))?⟩/g, (_, code: string, count = '1') =>
        String.fromCodePoint(Number.parseInt(code, 16)).repeat(Number(count)),
      );
    const parts = ['a', ' ', '\u00a0', '\u0301', '\ud800', '⟨', '⟩', 'U+00A0', 'U+0020 × 2', ' × 2', '⟨U+00A0⟩'];
    const property = fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 8 }), (pieces) => {
      const text = pieces.join('');
      expect(read(visibleText(text))).toBe(text);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('of one cell does not look like two cells of a table', () => {
    expect(table(['NAME', 'ROLE'], [['ana  custodian', 'none']])[1]).toBe('ana⟨U+0020 × 2⟩custodian  none');
  });
});
