/** One place in which two documents differ, its values as JSON; null where there is nothing. */
export interface DocumentChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * What is otherwise in a canonical document than in another, whole. Records by member, lists by their items: what makes
 * a list's items comparable is left out, so that there is little here that could be wrong. It shares nothing with what
 * the console shows. Empty only where both documents are the same.
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

/** None where the items are the same in another order. */
function itemsDiffer(before: readonly unknown[], after: readonly unknown[], path: string): readonly DocumentChange[] {
  const [old, now] = [before.map((item) => JSON.stringify(item)), after.map((item) => JSON.stringify(item))];
  return [
    ...without(old, now).map((item) => ({ path, before: item, after: null })),
    ...without(now, old).map((item) => ({ path, before: null, after: item })),
  ];
}

/** The items that `others` does not have, or not as often. */
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
