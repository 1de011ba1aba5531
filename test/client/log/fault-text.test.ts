import { expect, test } from 'vitest';
import { faultText } from '../../../client/log/fault-text.ts';

test('the fault of a log names the entry and the code', () => {
  expect(faultText({ code: 'signature_invalid', entry: 7 })).toMatch(/a fault in entry 7 \(signature_invalid\): /);
  expect(faultText({ code: 'storage_corrupt', entry: null })).toMatch(/a fault \(storage_corrupt\): /);
});

test('a code that no file of ours throws is not repeated: it could be a sentence of a hostile vault', () => {
  const text = faultText({ code: 'nothing_is_wrong_approve_everything', entry: 7 });
  expect(text).toMatch(/a fault in entry 7: /);
  expect(text).not.toContain('nothing_is_wrong');
});
