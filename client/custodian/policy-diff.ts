import { fromBase64url, fromUtf8, type Hex } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { orNull } from '../../src/core/refusal.ts';
import { parseCertificateOfAnyKey } from '../../src/core/x509/certificate.ts';

/** One place in a document. */
export interface PolicyField {
  /**
   * Members joined by dots, a record of a list by what names it, `snp.images[serving].measurement`, or else by its
   * place, counted from 1: `list[#2].member`.
   */
  readonly path: string;
  /** JSON, whole however long it is; of a certificate its SHA-256. */
  readonly value: string;
}

/** One place in which two documents differ. */
export interface Difference {
  readonly path: string;
  /** As the value of a field; null where there is nothing at that place. */
  readonly before: string | null;
  readonly after: string | null;
}

/** No certificate in base64url is shorter: what is, need not be parsed as one. */
const CERTIFICATE_MIN = 160;
/** Stands for a record or a list whose own fields follow. */
const RECORD = '{…}';
const LIST = '[…]';

/** What names the records of a list: the first of these that all of them have and no two share. Null is a name too. */
const NAMES: readonly (readonly string[])[] = [
  ['name'],
  ['product'],
  ['index'],
  ['chip', 'version'],
  ['chip', 'version', 'project', 'projectSku', 'chipSku'],
  ['claim', 'value'],
  ['id', 'version'],
];

const PLAIN_NAME = /^[\w .:/@+-]+$/;

type JsonRecord = Readonly<Record<string, unknown>>;

/** Every field of a policy or of reference values, members in the order of their names. */
export function policyFields(document: object): readonly PolicyField[] {
  return fieldsOf('', document);
}

/**
 * What is otherwise in a policy, or in reference values, than it was, as approvers are shown it: structural, so
 * that no field is ever left out. Empty only where both documents are the same.
 */
export function policyDifferences(before: object, after: object): readonly Difference[] {
  return differencesOf('', before, after);
}

function differencesOf(path: string, before: unknown, after: unknown): readonly Difference[] {
  if (jsonOf(before) === jsonOf(after)) return [];
  if (isRecord(before) && isRecord(after)) return recordsDiffer(path, before, after);
  if (Array.isArray(before) && Array.isArray(after)) return listsDiffer(path, before, after);
  const own: Difference = { path, before: shown(before), after: shown(after) };
  return [own, ...(isComposite(before) ? gone(path, before) : []), ...(isComposite(after) ? added(path, after) : [])];
}

function recordsDiffer(path: string, before: JsonRecord, after: JsonRecord): readonly Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const place = memberPath(path, name);
    if (!Object.hasOwn(before, name)) return added(place, after[name]);
    if (!Object.hasOwn(after, name)) return gone(place, before[name]);
    return differencesOf(place, before[name], after[name]);
  });
}

/** Records by what names them, other items by what they are; their order means nothing to the rules. */
function listsDiffer(path: string, before: readonly unknown[], after: readonly unknown[]): readonly Difference[] {
  const named = NAMES.find((names) => areNamed(before, names) && areNamed(after, names));
  if (named === undefined) return itemsDiffer(path, before, after);
  const differences = recordsDiffer(`${path}[]`, byName(before, named), byName(after, named));
  if (differences.length > 0) return differences;
  // The same records in another order, which makes another document all the same.
  const [old, now] = [before, after].map((list) => list.map((item) => nameOf(item as JsonRecord, named)));
  return [{ path, before: listed(old ?? []), after: listed(now ?? []) }];
}

function itemsDiffer(path: string, before: readonly unknown[], after: readonly unknown[]): readonly Difference[] {
  const place = `${path}[]`;
  const [old, now] = [unmatched(before, after), unmatched(after, before)];
  const isReordered = old.size === 0 && now.size === 0;
  if ([...before, ...after].some(isComposite)) {
    if (isReordered) return recordsDiffer(place, byPlace(before.entries()), byPlace(after.entries()));
    return recordsDiffer(place, byPlace(old), byPlace(now));
  }
  if (isReordered) return [{ path, before: listed(before.map(whole)), after: listed(after.map(whole)) }];
  return [
    ...[...old.values()].flatMap((item) => gone(place, item)),
    ...[...now.values()].flatMap((item) => added(place, item)),
  ];
}

/** By their place, the items that the other list does not have, or not as often. */
function unmatched(list: readonly unknown[], other: readonly unknown[]): ReadonlyMap<number, unknown> {
  const left = new Map<string, number>();
  for (const json of other.map(jsonOf)) left.set(json, (left.get(json) ?? 0) + 1);
  const remaining = [...list.entries()].filter(([, item]) => {
    const json = jsonOf(item);
    const count = left.get(json) ?? 0;
    left.set(json, count - 1);
    return count <= 0;
  });
  return new Map(remaining);
}

function added(path: string, value: unknown): readonly Difference[] {
  return fieldsOf(path, value).map((field) => ({ path: field.path, before: null, after: field.value }));
}

function gone(path: string, value: unknown): readonly Difference[] {
  return fieldsOf(path, value).map((field) => ({ path: field.path, before: field.value, after: null }));
}

function fieldsOf(path: string, value: unknown): readonly PolicyField[] {
  if (isRecord(value) && Object.keys(value).length > 0) {
    const names = Object.keys(value).sort();
    return names.flatMap((name) => fieldsOf(memberPath(path, name), value[name]));
  }
  if (Array.isArray(value) && value.length > 0) {
    const named = NAMES.find((names) => areNamed(value, names));
    if (named !== undefined) return fieldsOf(`${path}[]`, byName(value, named));
    if (value.some(isComposite)) return fieldsOf(`${path}[]`, byPlace(value.entries()));
    return value.map((item) => ({ path: `${path}[]`, value: whole(item) }));
  }
  return [{ path, value: whole(value) }];
}

function memberPath(path: string, name: string): string {
  if (path.endsWith('[]')) return `${path.slice(0, -1)}${name}]`;
  return path === '' ? name : `${path}.${name}`;
}

function areNamed(list: readonly unknown[], names: readonly string[]): boolean {
  const isNamed = (item: unknown) => isRecord(item) && names.every((name) => isNaming(item[name]));
  return list.every(isNamed) && new Set(list.map((item) => nameOf(item as JsonRecord, names))).size === list.length;
}

/** The members of a list by name. `areNamed` must hold for the list. */
function byName(list: readonly unknown[], names: readonly string[]): JsonRecord {
  return Object.fromEntries(list.map((item) => [nameOf(item as JsonRecord, names), item]));
}

/** No name reads as a place does: one with a number sign is in quotes. */
function byPlace(entries: Iterable<readonly [number, unknown]>): JsonRecord {
  return Object.fromEntries([...entries].map(([index, item]) => [`#${index + 1}`, item]));
}

/** In quotes where it could be taken for a part of the path. */
function nameOf(item: JsonRecord, names: readonly string[]): string {
  const name = names.map((part) => String(item[part])).join(' ');
  return PLAIN_NAME.test(name) ? name : JSON.stringify(name);
}

function isNaming(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function isRecord(value: unknown): value is JsonRecord {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A record or a list that has fields of its own. */
function isComposite(value: unknown): value is object {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0;
}

function shown(value: unknown): string {
  if (!isComposite(value)) return whole(value);
  return Array.isArray(value) ? LIST : RECORD;
}

function listed(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

/** A scalar, or what is empty. */
function whole(value: unknown): string {
  const digest = typeof value === 'string' && value.length >= CERTIFICATE_MIN ? certificateDigest(value) : null;
  return digest === null ? jsonOf(value) : `certificate, SHA-256 ${digest}`;
}

/** Null of what is no certificate. */
function certificateDigest(text: string): Hex | null {
  return orNull(TwinlockError, () => digestOf(parseCertificateOfAnyKey(fromBase64url(text)).der));
}

/** Canonical, of any JSON value. */
function jsonOf(value: unknown): string {
  return fromUtf8(canonicalBytes({ value })).slice('{"value":'.length, -1);
}
