/** A sentence about a document: what it lets in, what it keeps out, and what whoever approves it should weigh. */
export interface Remark {
  readonly kind: 'accepts' | 'refuses' | 'beware';
  readonly text: string;
}

export const accepts = (text: string): Remark => ({ kind: 'accepts', text });
export const refuses = (text: string): Remark => ({ kind: 'refuses', text });
export const beware = (text: string): Remark => ({ kind: 'beware', text });

/** The lists, of those that are named, that are empty, and so refuse everybody. */
export function emptyOf(lists: Readonly<Record<string, readonly unknown[]>>): string[] {
  return Object.entries(lists).flatMap(([name, list]) => (list.length === 0 ? [name] : []));
}

/** `2 images (a, b)`. */
export function counted(what: string, list: readonly (string | number)[]): string {
  const { length } = list;
  return `${length} ${what}${length === 1 ? '' : 's'} (${list.join(', ')})`;
}

/** `any chip` for null, the number of those that are listed otherwise. */
export function anyOr(what: string, list: readonly unknown[] | null): string {
  if (list === null) return `any ${what}`;
  return `${list.length} listed ${what}${list.length === 1 ? '' : 's'}`;
}

/** What a grace period lets through. */
export function graceRemarks(platform: string, graceMs: number): Remark[] {
  const days = graceMs / 86_400_000;
  if (graceMs === 0) return [];
  return [beware(`${platform}: what vendors revoked may go unnoticed for ${Number(days.toFixed(2))} days longer`)];
}
