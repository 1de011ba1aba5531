import { visiblePieces } from '../../../visible.ts';

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

/** A value of a document, as it is written there; null is shown as the absence of one, which no text reads as. */
export function Value({ of }: { of: string | null }) {
  if (of === null || of === '') return <em class="quiet">{of === null ? 'nothing' : 'empty'}</em>;
  return (
    <code>
      <Text of={of} />
    </code>
  );
}
