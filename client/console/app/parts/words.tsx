import type { Hex } from '../../../../src/core/bytes.ts';
import {
  comparisonCode,
  type GENESIS_WORDS,
  type REQUEST_WORDS,
} from '../../../../src/core/statement/comparison-code.ts';

/** The words of a digest, numbered, large enough to be read aloud. */
export function Words({ digest, count }: { digest: Hex; count: typeof GENESIS_WORDS | typeof REQUEST_WORDS }) {
  return (
    <ol class="words" aria-label={`comparison code, ${count} words`}>
      {comparisonCode(digest, count)
        .split(' ')
        .map((word, i) => (
          // A word may come twice.
          <li key={`${i} ${word}`}>{word}</li>
        ))}
    </ol>
  );
}
