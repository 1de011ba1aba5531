import { must, TwinlockError } from '../../../src/core/errors.ts';

/** A RIM has six levels; what canonicalises them is recursive. */
const DEPTH_MAX = 16;
/** A RIM has 64 measurements, its signature two dozen elements. What compares attributes compares each with all. */
const ELEMENTS_MAX = 256;
const ATTRIBUTES_MAX = 128;

const NAME = '[A-Za-z_][A-Za-z0-9_.-]*';
const QUALIFIED = `(?:${NAME}:)?${NAME}`;
const TEXT = /[^<]*/y;
const OPENING = new RegExp(`<(${QUALIFIED})`, 'y');
const ATTRIBUTE = new RegExp(`[ \\t\\r\\n]+(${QUALIFIED})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^<"]*)"|'([^<']*)')`, 'y');
const OPENING_END = /[ \t\r\n]*(\/?)>/y;
const CLOSING = new RegExp(`</(${QUALIFIED})[ \\t\\r\\n]*>`, 'y');
/** The five entities that need no document type, and characters by number. */
const REFERENCE = /&(?:amp|lt|gt|quot|apos|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/g;
/** What is no character of XML (section 2.2). */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const XMLNS = 'xmlns';

/** An element that has been opened: its name, and the namespaces of the prefixes that hold in it. */
interface Open {
  readonly name: string;
  readonly namespaces: ReadonlyMap<string, string>;
}

/**
 * Checks that attacker-controlled XML of elements, attributes and text alone is well-formed (XML 1.0, Namespaces in
 * XML 1.0), before a parser that is more tolerant sees it: one root; tags that match; attributes once each, by
 * namespace too; prefixes that are declared; no `&` but of a reference, no `]]>` in text; names of ASCII. At most 16
 * elements inside one another, 256 in all and 128 attributes each. Throws `malformed`.
 */
export function requireWellFormed(xml: string): void {
  must(!FORBIDDEN.test(xml), 'malformed', 'expected the characters of XML');
  const scanner = new Scanner(xml);
  const open: Open[] = [];
  let elements = 0;
  do {
    const text = scanner.read(TEXT)?.[0] ?? '';
    requireText(text, open.length > 0);
    const closing = scanner.read(CLOSING);
    if (closing !== null) {
      must(open.pop()?.name === closing[1], 'malformed', `expected no end of ${closing[1]} at ${scanner.offset}`);
      continue;
    }
    elements += 1;
    must(elements <= ELEMENTS_MAX, 'malformed', `expected at most ${ELEMENTS_MAX} elements`);
    must(open.length < DEPTH_MAX, 'malformed', `expected at most ${DEPTH_MAX} elements inside one another`);
    const { element, isEmpty } = readOpening(scanner, open.at(-1)?.namespaces ?? new Map());
    if (!isEmpty) open.push(element);
  } while (open.length > 0);
  must(/^[ \t\r\n]*$/.test(scanner.rest), 'malformed', 'expected nothing after the root element');
}

/** Reads what matches at its place, one thing after the other. */
class Scanner {
  readonly #text: string;
  offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get rest(): string {
    return this.#text.slice(this.offset);
  }

  read(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.#text);
    if (found !== null) this.offset = pattern.lastIndex;
    return found;
  }
}

function readOpening(scanner: Scanner, around: Open['namespaces']): { element: Open; isEmpty: boolean } {
  const name = required(scanner.read(OPENING), scanner)[1] ?? '';
  const attributes = new Map<string, string>();
  for (let found = scanner.read(ATTRIBUTE); found !== null; found = scanner.read(ATTRIBUTE)) {
    const [, attribute = '', double, single] = found;
    must(!attributes.has(attribute), 'malformed', `expected the attribute ${attribute} once in ${name}`);
    attributes.set(attribute, double ?? single ?? '');
    must(attributes.size <= ATTRIBUTES_MAX, 'malformed', `expected at most ${ATTRIBUTES_MAX} attributes`);
  }
  for (const value of attributes.values()) requireReferences(value);
  const [, slash] = required(scanner.read(OPENING_END), scanner);
  const namespaces = declared(attributes, around);
  const named = [...attributes.keys()].filter((attribute) => !isDeclaration(attribute));
  const expanded = named.map((attribute) => expandedName(attribute, namespaces));
  must(new Set(expanded).size === expanded.length, 'malformed', `expected each attribute once in ${name}`);
  expandedName(name, namespaces);
  return { element: { name, namespaces }, isEmpty: slash === '/' };
}

function required(found: RegExpExecArray | null, { offset }: Scanner): RegExpExecArray {
  if (found === null) throw new TwinlockError('malformed', `expected a well-formed element at character ${offset}`);
  return found;
}

function isDeclaration(attribute: string): boolean {
  return attribute === XMLNS || attribute.startsWith(`${XMLNS}:`);
}

/** The namespaces around an element and its own. */
function declared(attributes: ReadonlyMap<string, string>, around: Open['namespaces']): Open['namespaces'] {
  const own = [...attributes].filter(([attribute]) => attribute.startsWith(`${XMLNS}:`));
  const pairs = own.map(([attribute, uri]) => [attribute.slice(XMLNS.length + 1), uri] as const);
  for (const [prefix, uri] of pairs) {
    must(uri !== '' && !/^xml/i.test(prefix), 'malformed', `expected no declaration of ${prefix} as "${uri}"`);
  }
  return new Map([...around, ...pairs]);
}

/** An attribute is the same as another where namespace and local name are. */
function expandedName(name: string, namespaces: Open['namespaces']): string {
  const [prefix = '', local] = name.split(':');
  if (local === undefined) return name;
  const uri = namespaces.get(prefix);
  must(uri !== undefined, 'malformed', `expected the prefix ${prefix} to be declared`);
  return `${uri} ${local}`;
}

function requireText(text: string, isInside: boolean): void {
  must(isInside || /^[ \t\r\n]*$/.test(text), 'malformed', 'expected an XML element');
  must(!text.includes(']]>'), 'malformed', 'expected no ]]> in text');
  requireReferences(text);
}

function requireReferences(text: string): void {
  const isWhole = !text.replace(REFERENCE, '').includes('&');
  must(isWhole, 'malformed', 'expected & in references to characters alone');
  for (const [, decimal, hex = ''] of text.matchAll(REFERENCE)) {
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    if (Number.isNaN(code)) continue;
    const isCharacter = code <= 0x10ffff && !FORBIDDEN.test(String.fromCodePoint(code));
    must(isCharacter, 'malformed', `expected no reference to character ${code}`);
  }
}
