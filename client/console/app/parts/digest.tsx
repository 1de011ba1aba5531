import type { Hex } from '../../../../src/core/bytes.ts';

/** A digest in groups of eight: whole, because half a digest proves nothing. Copies without the gaps. */
export function Digest({ hex }: { hex: Hex }) {
  return (
    <code class="digest">
      {(hex.match(/.{1,8}/g) ?? []).map((group, i) => (
        <span key={i}>{group}</span>
      ))}
    </code>
  );
}
