import { withinQuotes } from '../../../../src/core/quoted.ts';
import { visiblePieces } from '../../../display/visible.ts';

/** Attacker-controlled text: shown whole, with invisible characters made visible, and isolated from the text direction
 * around it. */
export function Text({ of }: { of: string }) {
  return (
    <bdi>
      {visiblePieces(of).map(({ text, isEscape }, i) =>
        isEscape ? (
          <span key={i} class="escape">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </bdi>
  );
}

/** The same inside a sentence, in quotation marks that it cannot leave. Text to be signed stands apart instead. */
export function Quoted({ of }: { of: string }) {
  return (
    <span>
      “<Text of={withinQuotes(of)} />”
    </span>
  );
}

/** A value of a document. Null is shown in a way that no text can imitate. */
export function Value({ of }: { of: string | null }) {
  if (of === null || of === '') return <em class="quiet">{of === null ? 'nothing' : 'empty'}</em>;
  return (
    <code>
      <Text of={of} />
    </code>
  );
}
