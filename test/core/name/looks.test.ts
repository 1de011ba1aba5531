import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { isMark, type Looks, looksAlike, looksOf, looksOfPerson, newEffort } from '../../../src/core/name/looks.ts';
import { personName, thingName } from '../../../src/core/name/name.ts';
import { codePoints } from '../../../src/core/name/normal-form.ts';
import { composites, letters, prototypes } from '../../../src/core/name/tables.ts';
import { parseAs } from '../../../src/core/schema.ts';

const alike = (one: string, other: string) => looksAlike(looksOfPerson(one), looksOfPerson(other), newEffort());

describe('people are called', () => {
  const NAMES = [
    ...['José', 'Łukasz', '山田太郎', '山田たろう', 'ジョン・スミス', 'Владимир', 'O’Brien', "O'Brien", 'Anne-Marie'],
    ...[
      'J. R. R. Tolkien',
      'Martin Luther King Jr.',
      'Nguyễn Văn Hùng',
      'Đặng Thị Hoà',
      'Zoë',
      'Jürgen Groß',
      'İpek Işık',
    ],
    ...[
      'Σωκράτης',
      'Андрей',
      'Ђорђе',
      'Արմեն',
      'გიორგი',
      'שרה כהן',
      'محمد علي',
      'प्रिया शर्मा',
      'রবীন্দ্রনাথ',
      'தமிழ்',
      'สมชาย',
    ],
    ...['ดำรง', 'จำลอง ศรีเมือง', 'Լևոն', 'Սևակ', 'Kaʻiulani', 'Oʻtkir', 'ຄຳ', 'ໜູ', '山﨑', '𠮷野', 'Ὀδυσσεύς'],
    ...['김철수', '陳大文', 'ኃይለ ሥላሴ', 'ភ្នំពេញ', 'ကျော်', 'Marcel·lí', 'ana 2', 'x'.repeat(64)],
  ];

  test.each(NAMES)('%s', (name) => {
    expect(parseAs(personName, name, 'name')).toBe(name);
    expect(parseAs(thingName, name, 'name')).toBe(name);
  });

  test('and none of these looks like another', () => {
    const others = NAMES.filter((name) => name !== 'O’Brien');
    const pairs = others.flatMap((one, i) => others.slice(i + 1).map((other) => [one, other] as const));
    expect(pairs.filter(([one, other]) => alike(one, other))).toEqual([]);
  });
});

test.each([
  'ocr-host 1.4',
  'azure-vtpm/tdx-v1',
  'v4, with collateral',
  'sha256:ab_c',
  'ci (nightly) [x86] @2+1=3 & #4; ok',
])('a machine or an image is called %s', (name) => {
  expect(parseAs(thingName, name, 'name')).toBe(name);
});

test.each([
  ['චන්ද්\u200dරිකා', 'got U+200D: leave it out'],
  ['علی\u200cرضا', 'got U+200C: leave it out'],
  ['ג׳רי', "got U+05F3: write '"],
  ['Anne–Marie', 'got U+2013: write -'],
  ['Jean\u00a0Luc', 'got U+00A0: write a space'],
  ['ക\u0d4cസല്യ', 'got U+0D4C: write \u0d57'],
])('%s is told what to write instead', (name, advice) => {
  expect(() => parseAs(personName, name, 'name')).toThrow(advice);
});

test('a third accent on a letter is no part of a name', () => {
  expect(parseAs(personName, 'x\u0331\u0301', 'name')).toBe('x\u0331\u0301');
  expect(() => parseAs(personName, 'x\u0331\u0301\u0303', 'name')).toThrow('expected marks on letters only');
});

test.each([
  ['Tamil', 'காேபால்'],
  ['Malayalam', 'കാേശി'],
  ['Bengali', 'কেীন'],
  ['Kannada', 'ಕೇೂ'],
  ['Khmer', 'កេីត'],
  ['Khmer', 'សុី'],
])('two vowel signs on a letter, which can look like a third, are no part of a name: %s', (_, name) => {
  expect(() => parseAs(personName, name, 'name')).toThrow('at most one vowel sign');
});

test.each(['கோபால்', 'കോശി', 'রহিম উদ্দিন', 'ಗೋಪಾಲ', 'កើត', 'ស៊ីន', 'ပိုးကျော်', 'စိုးမျှော်', 'ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ', 'නිමාලි'])(
  'one is: %s',
  (name) => {
    expect(parseAs(personName, name, 'name')).toBe(name);
  },
);

describe('alike', () => {
  test.each([
    ['Alice', 'alice'],
    ['Alice', 'ALICE'],
    ['Alice', 'AIice'],
    ['alice', 'AIice'],
    ['Ilya', 'llya'],
    ['Emma', 'Ernrna'],
    ['José', 'Jose'],
    ['Łukasz', 'Lukasz'],
    ['Андрей', 'Андреи'],
    ['Анна', 'AННА'],
    ['O’Brien', "O'Brien"],
    ['O’Brien', 'OBrien'],
    ['Anne-Marie', 'Anne Marie'],
    ['Al ice', 'Alice'],
    ['J.R. Smith', 'J. R. Smith'],
    ['Groß', 'GROSS'],
    ['ΑΒΕ', 'ABE'],
    ['СОСО', 'COCO'],
    ['ニ', '二'],
    ['口', 'ロ'],
    ['O’Brien', 'OʼBrien'],
    ['Oʻtkir', "O'tkir"],
    ['Zoe', 'Zoeʼ'],
    ["ג'רי", 'גירי'],
    ['ແກ້ວ', 'ເເກ້ວ'],
    ['น้ำ', 'นํ้า'],
    ['ໜູ', 'ຫນູ'],
    ['Լևոն', 'Լեւոն'],
    ['山﨑', '山崎'],
    ['𠮷野', '吉野'],
    ['髙橋', '高橋'],
    ['Ὀδυσσεύς', 'Οδυσσευς'],
    ['Ilya Bill Ivo', 'ilya BiII Ivo'],
    ['I0ana', 'ioana'],
    ['Вова Івана', 'вова Ӏвана'],
    ['রহিম', 'ব়হিম'],
    ['সু়ন', 'স়ুন'],
    ['ਪੜਾ', 'ਪਡ਼ਾ'],
    ['ਸਿੰਘੇੰ', 'ਸਿੰਘੇਂ'],
    ['សុំ', 'សំុ'],
    ['សុ័', 'ស៊័'],
    ['พิุ', 'พุิ'],
    ['ကုံ', 'ကံု'],
    ['ဦး', 'ဉီး'],
    ['சேகர்', 'சேகா்'],
    ['సుమంత్', 'సువుంత్'],
    ['హంస', 'వాంస'],
    ['കലാം', 'കലാഠ'],
    ['आः', 'अाः'],
    ['\u091c\u093c\u0947बा', '\u091c\u0947\u093cबा'],
    ['\u092b\u093c\u0947रोज़', '\u092b\u0947\u093cरोज़'],
    ['\u0a38\u0a41\u0a3cਨ', '\u0a38\u0a3c\u0a41ਨ'],
  ])('%s and %s', (one, other) => {
    expect(alike(one, other)).toBe(true);
  });

  test.each([
    ['Ben', 'Dan'],
    ['Gail', 'Gali'],
    ['Ali', 'All'],
    ['Lia', 'Ila'],
    ['山田', '山口'],
    ['தமிழ்', 'தமிழ'],
    ['かた', 'がた'],
    ['ana', 'anna'],
    ['Ilya Bill', 'liya Biil'],
    ['ดำ', 'ดา'],
    ["D'Arcy", 'Darcey'],
  ])('not %s and %s', (one, other) => {
    expect(alike(one, other)).toBe(false);
  });

  test('a machine’s name keeps what is between its parts', () => {
    expect(looksAlike(looksOf('host-1-1'), looksOf('host-11'), newEffort())).toBe(false);
    expect(looksAlike(looksOf('host-1'), looksOf('HOST-l'), newEffort())).toBe(true);
  });

  // Each of these pairs has a few hundred ways to be read, and a list of 256 has 32,640 pairs.
  test.each([
    ['capitals I', (i: number) => `${'I'.repeat(50)}${i}${'I'.repeat(10)}`],
    ['letters with three accents', (i: number) => `${'\u1f9b'.repeat(50)}${i}${'\u1f9b'.repeat(10)}`],
  ])('names that begin and end alike, of %s, are taken for alike once the effort is spent', (_, name) => {
    const effort = newEffort();
    const looks = Array.from({ length: 256 }, (_, i) => looksOf(name(100 + i)));
    expect(looksAlike(looks[0] as Looks, looks[22] as Looks, effort)).toBe(false);
    const told = looks.flatMap((one, i) => looks.slice(0, i).map((other) => looksAlike(one, other, effort)));
    expect(effort.waysLeft).toBeLessThan(0);
    expect(told).toContain(false);
    expect(told.at(-1)).toBe(true);
  });

  test.each([
    (i: number) => `NVIDIA-GH200-INSTANCE-IMAGE-Inference-${i}`,
    (i: number) => `Nguyễn Thị Phương Thảo ${i} Đặng Nguyễn`,
    (i: number) => `ocr-host build of 2026-11-30, ${i} tdx, two gpus`,
  ])('names that people give to a list of 256 are told apart: %s', (name) => {
    const effort = newEffort();
    const looks = Array.from({ length: 256 }, (_, i) => looksOf(name(1000 + i)));
    expect(looks.flatMap((one, i) => looks.slice(0, i).filter((other) => looksAlike(one, other, effort)))).toEqual([]);
  });

  const text = (codes: readonly number[]) => String.fromCodePoint(...codes);

  test('a letter looks like every sign that it could be taken for', () => {
    const skeleton = (code: number) => text(prototypes.get(code) ?? [code]);
    const signs = codePoints(" '’-.·・");
    const taken = [...letters.keys()].flatMap((code) =>
      signs.filter((sign) => skeleton(sign) === skeleton(code)).map((sign) => [code, sign] as const),
    );
    expect(taken.length).toBeGreaterThan(4);
    expect(taken.filter(([code, sign]) => !alike(text([code, 0x62]), text([sign, 0x62])))).toEqual([]);
  });

  test('every mark that a prototype or a composite is made of counts as a mark', () => {
    const made = [...prototypes.values(), ...composites.values()].flat();
    const marks = [...new Set(made)].filter((code) => /\p{M}/u.test(text([code])));
    expect(marks.length).toBeGreaterThan(100);
    expect(marks.filter((code) => !isMark(code)).map((code) => code.toString(16))).toEqual([]);
  });

  test('a letter that looks like another with marks does so with any further mark of its script', () => {
    const marksOf = (scripts: readonly string[] | null) =>
      [...letters].filter(([, { isMark, scripts: of }]) => isMark && of?.some((script) => scripts?.includes(script)));
    const pairs = [...prototypes].flatMap(([code, prototype]) => {
      const letter = letters.get(code);
      if (letter === undefined || letter.isMark || !prototype.some((of) => letters.get(of)?.isMark)) return [];
      return marksOf(letter.scripts).map(([mark]) =>
        [
          [code, mark],
          [...prototype, mark],
        ].map((codes) => text(codes).normalize('NFC')),
      );
    });
    const isName = (name: string) => z.safeParse(personName, name).success;
    const names = pairs.filter((pair) => pair.every(isName)) as [string, string][];
    expect(names.length).toBeGreaterThan(400);
    expect(names.filter(([one, other]) => !alike(one, other))).toEqual([]);
  });

  test('a letter looks like its prototype, and like its other case', () => {
    const plain = [...letters].filter(([, { isMark }]) => !isMark).map(([code]) => code);
    const others = plain.flatMap((code) => {
      const [prototype, small] = [prototypes.get(code) ?? [], codePoints(text([code]).toLowerCase())];
      return [prototype, small]
        .filter((codes) => codes.every((of) => letters.has(of)))
        .map((of) => [code, of] as const);
    });
    const different = others.filter(([code, of]) => of.length > 0 && !alike(text([code]), text(of)));
    expect(different.map(([code]) => code.toString(16))).toEqual([]);
  });

  test('a name looks like itself with each letter as it is taken for, or in the other case, for each', () => {
    const swaps = ['Il', 'Ii', 'l1', '0o', '0O', 'Ll', 'Oo', 'Bb', '’ʼ', "ʻ'", 'ÍI', 'Łl'];
    const property = fc.property(
      fc.array(fc.tuple(fc.constantFrom(...swaps), fc.boolean()), { minLength: 1 }),
      (all) => {
        const one = all.map(([swap]) => swap[0]).join('');
        const other = all.map(([swap, isSwapped]) => swap[isSwapped ? 1 : 0]).join('');
        expect(alike(one, other), `${one} ${other}`).toBe(true);
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  test('a name looks like itself in capitals and in small letters, in every script', () => {
    const word = fc.array(fc.constantFrom(...[...letters].filter(([, { isMark }]) => !isMark).map(([code]) => code)), {
      minLength: 1,
      maxLength: 6,
    });
    const property = fc.property(word, (codes) => {
      const name = String.fromCodePoint(...codes);
      expect(alike(name, name.toLowerCase()), name).toBe(true);
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
