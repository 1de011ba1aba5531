/** A 64-bit register as 16 hexadecimal digits, the most significant first. */
export function registerText(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** Bits of the guest policy (AMD 56860, table 9). */
export const POLICY_BIT = { smt: 16n, one: 17n, migration: 18n, debug: 19n, singleSocket: 20n, reserved: 26n } as const;

export function bitOf(register: bigint, bit: bigint): 0 | 1 {
  return (register >> bit) & 1n ? 1 : 0;
}

const SIGNING_KEYS: readonly string[] = ['vcek', 'vlek'];

/** `vcek` or `vlek`; another name for a key that no rule accepts. */
export function signingKeyText(signingKey: number): string {
  return SIGNING_KEYS[signingKey] ?? (signingKey === 7 ? 'none' : `reserved ${signingKey}`);
}
