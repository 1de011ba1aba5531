import { withinQuotes } from '../../../../src/core/quoted.ts';
import { visiblePieces } from '../../../display/visible.ts';

/** Attacker-controlled text: whole, isolated from the direction of what is around it, and nothing in it unseen. */
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

/** The same in a sentence of ours, in quotation marks that it cannot leave. What is about to be signed stands apart instead. */
export function Quoted({ of }: { of: string }) {
  return (
    <span>
      “<Text of={withinQuotes(of)} />”
    </span>
  );
}

/** A value of a document, as it is written there; null is shown as the absence of one, which no text reads as. */
export function Value({ of }: { of: string | null }) {
  if (of === null || of === '') return <em class="quiet">{of === null ? 'nothing' : 'empty'}</em>;
  return (
    <code>
      <Text of={of} />
    </code>
  );
}
