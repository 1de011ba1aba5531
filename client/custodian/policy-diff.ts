import { fromBase64url, fromUtf8, utf8 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { parseCertificateOfAnyKey } from '../../src/core/x509/certificate.ts';

/** One place in a document. */
export interface Field {
  /** Members joined by dots, a record of a list by what names it: `snp.images[serving].measurement`. */
  readonly path: string;
  /** JSON, of a certificate its SHA-256, of a long text its beginning and its SHA-256. */
  readonly value: string;
}

/** One place in which two documents differ. */
export interface Difference {
  readonly path: string;
  /** As the value of a field; null where there is nothing at that place. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Characters of a text that are shown whole. */
const SHOWN_MAX = 160;
const BEGINNING = 24;
/** Stands for a record or a list whose own fields follow. */
const RECORD = '{…}';
const LIST = '[…]';

/** What names the records of a list, by the first of these that all of them have and no two share. */
const NAMES: readonly (readonly string[])[] = [
  ['name'],
  ['product'],
  ['index'],
  ['chip', 'version'],
  ['claim', 'value'],
  ['id', 'version'],
];

const PLAIN_NAME = /^[\w .:/@+-]+$/;

type JsonRecord = Readonly<Record<string, unknown>>;

/** Every field of a policy or of reference values, members in the order of their names. */
export function policyFields(document: object): readonly Field[] {
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

/** Records by what names them; other items as a set, since the order means nothing to the rules. */
function listsDiffer(path: string, before: readonly unknown[], after: readonly unknown[]): readonly Difference[] {
  const named = NAMES.find((names) => areNamed(before, names) && areNamed(after, names));
  const differences =
    named === undefined ? setsDiffer(path, before, after) : recordsOfDiffer(path, before, after, named);
  if (differences.length > 0) return differences;
  // The same items, another document all the same: in another order, or one of them more often.
  return [{ path, before: abridged(jsonOf(before)), after: abridged(jsonOf(after)) }];
}

function recordsOfDiffer(
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
  names: readonly string[],
): readonly Difference[] {
  const [old, now] = [before, after].map((list) => byName(list as readonly JsonRecord[], names));
  return recordsDiffer(`${path}[]`, old ?? {}, now ?? {});
}

function setsDiffer(path: string, before: readonly unknown[], after: readonly unknown[]): readonly Difference[] {
  const [old, now] = [new Set(before.map(jsonOf)), new Set(after.map(jsonOf))];
  return [
    ...before
      .filter((item) => !now.has(jsonOf(item)))
      .map((item) => ({ path: `${path}[]`, before: whole(item), after: null })),
    ...after
      .filter((item) => !old.has(jsonOf(item)))
      .map((item) => ({ path: `${path}[]`, before: null, after: whole(item) })),
  ];
}

function added(path: string, value: unknown): readonly Difference[] {
  return fieldsOf(path, value).map((field) => ({ path: field.path, before: null, after: field.value }));
}

function gone(path: string, value: unknown): readonly Difference[] {
  return fieldsOf(path, value).map((field) => ({ path: field.path, before: field.value, after: null }));
}

function fieldsOf(path: string, value: unknown): readonly Field[] {
  if (isRecord(value) && Object.keys(value).length > 0) {
    const names = Object.keys(value).sort();
    return names.flatMap((name) => fieldsOf(memberPath(path, name), value[name]));
  }
  if (Array.isArray(value) && value.length > 0) {
    const named = NAMES.find((names) => areNamed(value, names));
    if (named !== undefined) return fieldsOf(`${path}[]`, byName(value, named));
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

function byName(list: readonly JsonRecord[], names: readonly string[]): JsonRecord {
  return Object.fromEntries(list.map((item) => [nameOf(item, names), item]));
}

/** In quotes where it could be taken for a part of the path. */
function nameOf(item: JsonRecord, names: readonly string[]): string {
  const name = names.map((part) => String(item[part])).join(' ');
  return PLAIN_NAME.test(name) ? name : JSON.stringify(name);
}

function isNaming(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
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

function whole(value: unknown): string {
  const json = jsonOf(value);
  return typeof value === 'string' && json.length > SHOWN_MAX ? certificateOr(value) : abridged(json);
}

function certificateOr(text: string): string {
  try {
    const der = fromBase64url(text);
    parseCertificateOfAnyKey(der);
    return `certificate, SHA-256 ${digestOf(der)}`;
  } catch {
    return abridged(jsonOf(text));
  }
}

function abridged(json: string): string {
  if (json.length <= SHOWN_MAX) return json;
  return `${json.slice(0, BEGINNING)}… (${json.length} characters, SHA-256 ${digestOf(utf8(json))})`;
}

/** Canonical, of any JSON value. */
function jsonOf(value: unknown): string {
  return fromUtf8(canonicalBytes({ value })).slice('{"value":'.length, -1);
}
