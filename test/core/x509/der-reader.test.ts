import { expect, test } from 'vitest';
import { fromHex } from '../../../src/core/bytes.ts';
import { DerReader } from '../../../src/core/x509/der-reader.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const read = (hex: string) => new DerReader(fromHex(hex)).readOid();

test('an object identifier is read in dotted decimal', () => {
  expect(read('0603550403')).toBe('2.5.4.3');
  expect(read('06062b87ffffff7f')).toBe('1.3.2147483647');
});

test.each([
  ['of 2^31', '06062b8880808000'],
  ['of 2^31 as its first', '06058880808000'],
  ['of 2^63', '060b2b81808080808080808000'],
])('an object identifier with an arc %s is refused: it would lose digits', (_, hex) => {
  expect(() => read(hex)).toThrow(malformed);
});
