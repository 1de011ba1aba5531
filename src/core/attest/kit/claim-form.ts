/**
 * How a claim is written, and so what may be revoked of it: a value that no evidence could ever claim is a mistake,
 * and would silently refuse no host. Letters count the same in either case.
 */
export interface ClaimForm {
  /** In words, for the error of a person who wrote something else. */
  readonly expected: string;
  /** Returns whether a claim can have this form. */
  readonly allows: (revoked: string) => boolean;
  /** Whether what is claimed is what is revoked; both in lower case. */
  readonly matches: (claimed: string, revoked: string) => boolean;
  /** The value of a claim that names a machine, if it hides which machine it is. Null for other claims. */
  readonly hidden: { readonly claimed: RegExp; readonly what: string } | null;
}
export type ClaimForms = Readonly<Record<string, ClaimForm>>;

/** `pattern` is a regular expression that a claim and its revocation both match as a whole. */
function form(pattern: string, expected: string, matches: ClaimForm['matches'] = isSame): ClaimForm {
  const whole = new RegExp(`^(?:${pattern})$`, 'i');
  return { expected, allows: (revoked) => whole.test(revoked), matches, hidden: null };
}

function isSame(claimed: string, revoked: string): boolean {
  return claimed === revoked;
}

/** Bytes of one of these lengths, in hexadecimal. */
export function bytes(...lengths: readonly number[]): ClaimForm {
  const patterns = lengths.map((length) => `[0-9a-f]{${2 * length}}`);
  return form(patterns.join('|'), `${lengths.join(' or ')} bytes in hexadecimal`);
}

export function bytesUpTo(max: number): ClaimForm {
  return form(`(?:[0-9a-f]{2}){1,${max}}`, `1 to ${max} bytes in hexadecimal`);
}

/** The serial number of a certificate; tools differ in whether they show the zeros before it. */
export const serial: ClaimForm = form(
  '(?:[0-9a-f]{2}){1,21}',
  'a serial number, 1 to 21 bytes in hexadecimal',
  (claimed, revoked) => withoutZeros(claimed) === withoutZeros(revoked),
);

function withoutZeros(hex: string): string {
  return hex.replace(/^0+/, '');
}

/** Up to 64 bits and, of a GPU's id, more. */
export const decimal: ClaimForm = form('0|[1-9][0-9]{0,63}', 'a decimal integer');
export const instant: ClaimForm = form(
  '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z',
  'an instant such as 2025-06-19T10:16:03Z',
);
/** Text that another party chooses. */
export const printable: ClaimForm = form('[!-~](?:[ -~]{0,254}[!-~])?', 'at most 256 printable characters');

export function oneOf(...words: readonly string[]): ClaimForm {
  return form(words.join('|'), words.join(' or '));
}

export const bit: ClaimForm = oneOf('0', '1');
export const truth: ClaimForm = oneOf('true', 'false');

/** Text of a form of its own, such as `example`. */
export function like(pattern: RegExp, example: string): ClaimForm {
  return form(pattern.source, `text such as ${example}`);
}

/** One of several, which the claim lists with spaces between them. */
export function listed(pattern: RegExp, example: string): ClaimForm {
  return form(pattern.source, `one such as ${example}`, (claimed, revoked) => claimed.split(' ').includes(revoked));
}

/** `length` bytes. A revocation may name the first `beginning` of them alone. */
export function bytesOrBeginning(length: number, beginning: number): ClaimForm {
  const expected = `${length} bytes in hexadecimal, or the first ${beginning} of them`;
  const pattern = `[0-9a-f]{${2 * length}}|[0-9a-f]{${2 * beginning}}`;
  return form(pattern, expected, (claimed, revoked) => claimed.startsWith(revoked));
}

/** A claim that reads `absent` where the evidence does not say it. */
export function orAbsent(given: ClaimForm): ClaimForm {
  const allows = (revoked: string) => /^absent$/i.test(revoked) || given.allows(revoked);
  return { ...given, expected: `${given.expected}, or absent`, allows };
}

/**
 * A claim that names a machine. Where it reads like `claimed`, the evidence may be of any machine, revoked ones too.
 */
export function naming(what: string, claimed: RegExp, given: ClaimForm): ClaimForm {
  return { ...given, hidden: { claimed, what } };
}
