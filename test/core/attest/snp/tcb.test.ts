import { expect, test } from 'vitest';
import { componentsBelow, decodeTcb, productOf, tcbText } from '../../../../src/core/attest/snp/tcb.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const cpuid = (family: number, model: number) => ({ family, model, stepping: 0 });

test('a TCB version has the layout of its product', () => {
  const milan = Uint8Array.of(4, 1, 0, 0, 0, 0, 24, 217);
  expect(decodeTcb(milan, 'Milan')).toEqual({ fmc: null, bootLoader: 4, tee: 1, snp: 24, microcode: 217 });
  expect(decodeTcb(milan, 'Genoa')).toEqual(decodeTcb(milan, 'Milan'));
  const turin = decodeTcb(Uint8Array.of(9, 4, 1, 24, 0, 0, 0, 217), 'Turin');
  expect(turin).toEqual({ fmc: 9, bootLoader: 4, tee: 1, snp: 24, microcode: 217 });
  expect(tcbText(turin)).toBe('fmc=9 bl=4 tee=1 snp=24 ucode=217');
});

test.each([
  ['Milan', [2, 3, 4, 5]],
  ['Genoa', [2, 3, 4, 5]],
  ['Turin', [4, 5, 6]],
] as const)('a reserved byte of a TCB version of %s is refused', (product, reserved) => {
  for (const at of reserved) {
    const bytes = Uint8Array.from({ length: 8 }, (_, i) => (i === at ? 1 : 0));
    expect(() => decodeTcb(bytes, product)).toThrow(code('malformed'));
  }
});

test('a TCB version of another length is refused', () => {
  expect(() => decodeTcb(new Uint8Array(7), 'Milan')).toThrow(code('malformed'));
  expect(() => decodeTcb(new Uint8Array(9), 'Turin')).toThrow(code('malformed'));
});

test('each component is compared on its own, and a component without a floor is below it', () => {
  const floor = { fmc: null, bootLoader: 4, tee: 1, snp: 24, microcode: 217 };
  expect(componentsBelow(floor, floor)).toEqual([]);
  expect(componentsBelow({ ...floor, bootLoader: 9, snp: 23 }, floor)).toEqual(['snp 23']);
  expect(componentsBelow({ fmc: 3, bootLoader: 3, tee: 0, snp: 0, microcode: 0 }, floor)).toEqual([
    'fmc 3',
    'bl 3',
    'tee 0',
    'snp 0',
    'ucode 0',
  ]);
});

test.each([
  [0x19, 0x00, 'Milan'],
  [0x19, 0x0f, 'Milan'],
  [0x19, 0x10, 'Genoa'],
  [0x19, 0x1f, 'Genoa'],
  [0x19, 0x20, null],
  [0x19, 0x9f, null],
  [0x19, 0xa0, 'Genoa'],
  [0x19, 0xaf, 'Genoa'],
  [0x19, 0xb0, null],
  [0x1a, 0x00, 'Turin'],
  [0x1a, 0x11, 'Turin'],
  [0x1a, 0x12, null],
  [0x1a, 0x4f, null],
  [0x1a, 0x50, 'Venice'],
  [0x1a, 0x57, 'Venice'],
  [0x1a, 0x58, null],
  [0x1a, 0x8f, null],
  [0x1a, 0x90, 'Venice'],
  [0x1a, 0xaf, 'Venice'],
  [0x1a, 0xb0, null],
  [0x1a, 0xbf, null],
  [0x1a, 0xc0, 'Venice'],
  [0x1a, 0xc7, 'Venice'],
  [0x1a, 0xc8, null],
  [0x17, 0x31, null],
])('CPUID family %i, model %i is %s', (family, model, product) => {
  expect(productOf(cpuid(family, model))).toBe(product);
});
