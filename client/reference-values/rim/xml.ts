import { DOMParser, type Element, onWarningStopParsing, ParseError } from '@xmldom/xmldom';
import { C14nCanonicalization } from 'xml-crypto';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { requireWellFormed } from './well-formed.ts';

const DECLARATION = /^<\?xml version="1\.0"(?: encoding="(?:utf|UTF)-8")?(?: standalone="(?:yes|no)")?\?>/;

/**
 * Parses attacker-controlled XML of the plainest kind: elements, attributes, text, as `requireWellFormed` asks. No
 * document type, so no entities; no comments, sections or processing instructions: canonical forms keep some of these
 * and drop others; no `xml:` attributes, in which Canonical XML 1.1 differs from 1.0. Throws `malformed`.
 */
export function parseXml(text: string): Element {
  const body = text.replace(DECLARATION, '');
  must(!body.includes('<!'), 'malformed', 'expected XML without document type, comments and sections');
  must(!body.includes('<?'), 'malformed', 'expected XML without processing instructions');
  must(!/\sxml:/.test(body), 'malformed', 'expected XML without xml: attributes');
  requireWellFormed(body);
  const parser = new DOMParser({ onError: onWarningStopParsing, locator: false });
  let root: Element | null;
  try {
    root = parser.parseFromString(body, 'text/xml').documentElement;
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause;
    throw new TwinlockError('malformed', 'expected well-formed XML', {}, { cause });
  }
  if (root === null) throw new TwinlockError('malformed', 'expected an XML element');
  return root;
}

/** The canonical form (Canonical XML 1.1, without comments) of an element, in its place in the document. */
export function canonicalXml(element: Element): string {
  const canonicalization = new C14nCanonicalization();
  return canonicalization.process(element as unknown as BrowserNode, {
    ancestorNamespaces: inheritedNamespaces(element),
  });
}

/** The library is typed for the browser's DOM; it reads what any DOM has. */
type BrowserNode = Parameters<C14nCanonicalization['process']>[0];

/** The namespaces that the elements around this one declare; the nearest declaration of a prefix holds. */
function inheritedNamespaces(element: Element): { prefix: string; namespaceURI: string }[] {
  const declared = new Map<string, string>();
  for (let one = parentOf(element); one !== null; one = parentOf(one)) {
    for (const { name, value } of one.attributes) {
      const prefix = name === 'xmlns' ? '' : name.startsWith('xmlns:') ? name.slice('xmlns:'.length) : null;
      if (prefix !== null && !declared.has(prefix)) declared.set(prefix, value);
    }
  }
  return [...declared].map(([prefix, namespaceURI]) => ({ prefix, namespaceURI }));
}

function parentOf(element: Element): Element | null {
  const { parentNode } = element;
  return parentNode !== null && isElement(parentNode) ? parentNode : null;
}

const ELEMENT_NODE = 1;

function isElement(node: { readonly nodeType: number }): node is Element {
  return node.nodeType === ELEMENT_NODE;
}

export function childElements(element: Element): Element[] {
  return [...element.childNodes].filter(isElement);
}

/** The one child of this name. Throws `malformed` for none and for several. */
export function onlyChild(element: Element, namespace: string, name: string): Element {
  const [child, another] = childElements(element).filter((one) => isNamed(one, namespace, name));
  must(child !== undefined && another === undefined, 'malformed', `expected one ${name} in ${element.localName}`);
  return child;
}

export function isNamed(element: Element, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** The attributes without the declarations of namespaces, by name. */
export function xmlAttributesOf(element: Element): ReadonlyMap<string, string> {
  const attributes = [...element.attributes].filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'));
  return new Map(attributes.map(({ name, value }) => [name, value]));
}
