/** One place where two documents differ, with both values as JSON; null where a document has no value there. */
export interface DocumentChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Returns all differences between two canonical documents. Compares records by member, and lists as sets of whole items,
 * so that the code stays simple. Shares no code with the console, as an independent check. Empty only where both
 * documents are the same.
 */
export function documentChanges(before: unknown, after: unknown, path = ''): readonly DocumentChange[] {
  const [old, now] = [JSON.stringify(before), JSON.stringify(after)];
  if (old === now) return [];
  if (isRecord(before) && isRecord(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .sort()
      .flatMap((name) => documentChanges(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const items = itemsDiffer(before, after, `${path}[]`);
    if (items.length > 0) return items;
  }
  return [{ path, before: old ?? null, after: now ?? null }];
}

/** Compares two lists. Returns no item where both have the same items in another order. */
function itemsDiffer(before: readonly unknown[], after: readonly unknown[], path: string): readonly DocumentChange[] {
  const [old, now] = [before.map((item) => JSON.stringify(item)), after.map((item) => JSON.stringify(item))];
  return [
    ...without(old, now).map((item) => ({ path, before: item, after: null })),
    ...without(now, old).map((item) => ({ path, before: null, after: item })),
  ];
}

/** The items that `others` lacks, or has fewer times. */
function without(items: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return items.filter((item) => {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function isRecord(value: unknown): value is JsonRecord {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
