import { expect, test } from 'vitest';
import { wrappedHelp } from '../../src/command-line/help-text.ts';

test('paragraphs are set anew at 80 columns, and tables stay as they are', () => {
  const words = (count: number) => Array.from({ length: count }, () => 'word').join(' ');
  const rest = '\n\nExit codes:\n    0  done         64  mend\n';
  expect(wrappedHelp(`\n${words(20)}\n${words(4)}${rest}`)).toBe(`\n${words(16)}\n${words(8)}${rest}`);
});

test('a command that is too long goes on after a backslash, before a flag and never within quotation marks', () => {
  const command = `  twinlock request acme/ocr@1 --reason 'OPS-7' --keys ocr.keys --token-command 'ita-token --data {reportData}'`;
  expect(wrappedHelp(`Examples:\n${command}`)).toBe(
    `Examples:\n  twinlock request acme/ocr@1 --reason 'OPS-7' --keys ocr.keys \\\n      --token-command 'ita-token --data {reportData}'`,
  );
});
