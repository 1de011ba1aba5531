import { expect, test } from 'vitest';
import { personName, thingName } from '../../../src/core/name/name.ts';

/** What a person or a machine may be called, where another text stands beside the name. */

test.each(['“', '”', '„', '"', '«', '»'])(
  'a name with the quotation mark %s is none, of a person or of a thing',
  (sign) => {
    for (const name of [`a${sign}b`, `${sign}ben`, `ben${sign}, custodian`]) {
      expect([personName.safeParse(name).success, thingName.safeParse(name).success]).toEqual([false, false]);
    }
  },
);

test.each(['(', ')', '[', ']', ','])('a person has no %s in their name, which could begin or end a remark', (sign) => {
  expect(personName.safeParse(`ana ${sign}custodian`).success).toBe(false);
  expect(thingName.safeParse(`ana ${sign}custodian`).success).toBe(true);
});
