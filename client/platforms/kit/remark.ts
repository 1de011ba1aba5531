/** A sentence about a document: what it lets in, what it keeps out, and what its approvers should weigh. */
export interface Remark {
  readonly kind: 'accepts' | 'refuses' | 'beware';
  readonly text: string;
}

export const accepts = (text: string): Remark => ({ kind: 'accepts', text });
export const refuses = (text: string): Remark => ({ kind: 'refuses', text });
export const beware = (text: string): Remark => ({ kind: 'beware', text });

/** The empty lists among those named. An empty list refuses every host. */
export function emptyOf(lists: Readonly<Record<string, readonly unknown[]>>): string[] {
  return Object.entries(lists).flatMap(([name, list]) => (list.length === 0 ? [name] : []));
}

/** `1 image`, `2 images`. */
function numbered(count: number, what: string, many = `${what}s`): string {
  return `${count} ${count === 1 ? what : many}`;
}

/** `0 or 1 NVSwitch`, `8 GPUs`: what a list of numbers allows; the last number says which form. */
export function numbersOf(list: readonly number[], what: string, many = `${what}s`): string {
  return `${list.join(' or ')} ${list.at(-1) === 1 ? what : many}`;
}

/** `2 images (a, b)`, `no image`. */
export function countedList(what: string, list: readonly (string | number)[]): string {
  return list.length === 0 ? `no ${what}` : `${numbered(list.length, what)} (${list.join(', ')})`;
}

/** `any chip` for null, the number of those that are listed otherwise. */
export function anyOr(what: string, list: readonly unknown[] | null): string {
  return list === null ? `any ${what}` : numbered(list.length, `listed ${what}`);
}

/** Says which evidence a grace period accepts. */
export function graceRemarks(platform: string, graceMs: number): Remark[] {
  const days = Number((graceMs / 86_400_000).toFixed(2));
  if (graceMs === 0) return [];
  return [beware(`${platform}: what vendors revoke may go unnoticed for ${numbered(days, 'day')} longer`)];
}

/** Says which evidence the approvers' time accepts. */
export function tokenGraceRemark(tokens: string, graceMs: number): Remark {
  const minutes = Number((graceMs / 60_000).toFixed(2));
  if (graceMs === 0) {
    const how = 'approvers need it still valid, and graceMs in the document gives them longer';
    return beware(`${tokens}: none counts once it has expired, minutes after it was made: ${how}`);
  }
  return beware(`${tokens}: one counts for ${numbered(minutes, 'minute')} after it has expired`);
}

/** `2 authorities and 1 key`. */
export function trustText(anchors: readonly unknown[], keys: readonly unknown[], what = 'key'): string {
  return `${numbered(anchors.length, 'authority', 'authorities')} and ${numbered(keys.length, what)}`;
}

/** The names of a list's records, for `countedList`. */
export function names(images: readonly { readonly name: string }[]): string[] {
  return images.map((image) => `"${image.name}"`);
}
