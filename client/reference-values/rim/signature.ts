import { sha384 } from '@noble/hashes/sha2.js';
import type { Element } from '@xmldom/xmldom';
import { equal, fromBase64, utf8 } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { type Certificate, type CertifiedKey, claimBy, parseCertificate } from '../../../src/core/x509/certificate.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { canonicalXml, childElements, isNamed, onlyChild, parseXml, xmlAttributesOf } from './xml.ts';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const CANONICAL_XML = 'http://www.w3.org/2006/12/xml-c14n11';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const ECDSA_SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384';
const SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384';
const CHAIN_MAX = 6;

/** An enveloped signature (XML Signature 1.1) of a whole document, of the one form that RIMs have. */
export interface EnvelopedSignature {
  /** The Signature, a child of the document's root. */
  readonly element: Element;
  /** The certificates that it carries, leaf first. No signature covers this list. */
  readonly chain: readonly Certificate[];
}

/**
 * Finds the one signature of an attacker-controlled document. A second one anywhere is refused, as it would
 * be asked which of them counts. Throws `malformed`, and as `parseCertificate`.
 */
export function findSignature(root: Element): EnvelopedSignature {
  const all = [...root.getElementsByTagName('*')].filter((one) => one.localName === 'Signature');
  must(all.length === 1, 'malformed', `expected one signature, got ${all.length}`);
  const element = onlyChild(root, DSIG, 'Signature');
  const data = onlyChild(onlyChild(element, DSIG, 'KeyInfo'), DSIG, 'X509Data');
  const certificates = childElements(data).filter((one) => isNamed(one, DSIG, 'X509Certificate'));
  must(certificates.length <= CHAIN_MAX, 'too_large', `expected at most ${CHAIN_MAX} certificates`);
  return { element, chain: certificates.map((one) => parseCertificate(base64Of(one))) };
}

/**
 * Opens a document that the holder of `key` signed: its canonical form without the signature, the very text
 * that was signed. The caller MUST parse that text, and nothing of the document that it came from, so that
 * no two readings of one document can differ. The signature is taken out of `root`. Throws `signature_invalid`,
 * `digest_mismatch`, `unsupported_algorithm` or `malformed`.
 */
export function openSignedRim(root: Element, { element }: EnvelopedSignature, key: CertifiedKey): string {
  const signedInfo = canonicalXml(onlyChild(element, DSIG, 'SignedInfo'));
  const signature = base64Of(onlyChild(element, DSIG, 'SignatureValue'));
  verifyNode(claimBy(key, { algorithm: 'ES384', message: utf8(signedInfo), signature }, 'the RIM'));
  const digest = referencedDigest(parseXml(signedInfo));
  root.removeChild(element);
  const signed = canonicalXml(root);
  const isSigned = equal(sha384(utf8(signed)), digest);
  must(isSigned, 'digest_mismatch', 'the RIM was changed after it was signed');
  return signed;
}

/** The digest that a SignedInfo gives of the whole document: the only thing that it may refer to. */
function referencedDigest(signedInfo: Element): Uint8Array {
  const [canonicalization, method, reference] = expectElement(signedInfo, 'SignedInfo', {}, 3);
  expectElement(canonicalization, 'CanonicalizationMethod', { Algorithm: CANONICAL_XML }, 0);
  expectElement(method, 'SignatureMethod', { Algorithm: ECDSA_SHA384 }, 0);
  const [transforms, digestMethod, digestValue] = expectElement(reference, 'Reference', { URI: '' }, 3);
  const [enveloped, canonical] = expectElement(transforms, 'Transforms', {}, 2);
  expectElement(enveloped, 'Transform', { Algorithm: ENVELOPED }, 0);
  expectElement(canonical, 'Transform', { Algorithm: CANONICAL_XML }, 0);
  expectElement(digestMethod, 'DigestMethod', { Algorithm: SHA384 }, 0);
  expectElement(digestValue, 'DigestValue', {}, 0);
  return base64Of(digestValue as Element);
}

/** The children of an element that must be as described. */
function expectElement(
  element: Element | undefined,
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: number,
): readonly Element[] {
  must(element !== undefined && isNamed(element, DSIG, name), 'malformed', `expected ${name}`);
  const got = xmlAttributesOf(element);
  for (const [attribute, expected] of Object.entries(attributes)) {
    const code = attribute === 'Algorithm' ? 'unsupported_algorithm' : 'malformed';
    must(got.get(attribute) === expected, code, `${name}: expected ${attribute} "${expected}"`);
  }
  must(got.size === Object.keys(attributes).length, 'malformed', `${name} has attributes that are not understood`);
  const found = childElements(element);
  must(found.length === children, 'malformed', `expected ${children} elements in ${name}, got ${found.length}`);
  return found;
}

function base64Of(element: Element): Uint8Array {
  return fromBase64((element.textContent ?? '').replace(/[ \t\r\n]/g, ''));
}
