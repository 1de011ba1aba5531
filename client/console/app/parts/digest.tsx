import type { Hex } from '../../../../src/core/bytes.ts';

/** A whole digest in groups of eight digits. A copy of it has no gaps. */
export function Digest({ hex }: { hex: Hex }) {
  return (
    <code class="digest">
      {(hex.match(/.{1,8}/g) ?? []).map((group, i) => (
        <span key={i}>{group}</span>
      ))}
    </code>
  );
}
