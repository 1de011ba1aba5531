import { fromBase64url, utf8 } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import type { Verify } from '../../signature/claim.ts';
import { type Certificate, claimBy, parseCertificate } from '../../x509/certificate.ts';
import { type Crl, parseCrl, requireUnrevoked, verifyCrl } from '../../x509/crl.ts';
import { allowsUsage } from '../../x509/extensions.ts';
import { commonName } from '../../x509/name.ts';
import { verifyPath } from '../../x509/path.ts';
import {
  type Dated,
  parseQeIdentity,
  parseTcbInfo,
  type QeIdentity,
  requireCurrent,
  type TcbInfo,
  type Window,
} from './collateral.ts';
import { qeIdentityOf, type SignedDocument, type TdxEndorsements, tcbInfoOf } from './endorsements.ts';
import type { TdxQuote } from './parse.ts';
import type { Pck } from './pck.ts';
import type { TdxFindings } from './rules.ts';

const TCB_SIGNER = 'Intel SGX TCB Signing';

/** Under what, and when, certificates, lists and documents are checked. */
export interface Trust extends Window {
  /** In DER. */
  readonly roots: readonly Uint8Array[];
  readonly verify: Verify;
}

/** The certificates above a PCK certificate. */
interface Issuers {
  readonly authority: Certificate;
  readonly root: Certificate;
}

/** What Intel has signed, of this platform's family and of the quoting enclave; null where it does not hold. */
export interface Collateral {
  readonly tcbInfo: TcbInfo | null;
  readonly qeIdentity: QeIdentity | null;
}

/**
 * Checks who vouches for the PCK certificate, whether any of it is revoked, and what Intel says of its TCB
 * (DCAP: PCK certificate chain, CRLs, TCB info, QE identity). All of it is under one root: the one at which the PCK
 * certificate's path ends.
 */
export async function checkTrust(
  findings: TdxFindings,
  { quote, pck }: { quote: TdxQuote; pck: Pck },
  endorsements: TdxEndorsements | null,
  trust: Trust,
): Promise<Collateral> {
  const issuers = await checkPckChain(findings, quote, pck, trust);
  if (endorsements === null) {
    for (const rule of ['tdx.root-crl', 'tdx.pck-crl', 'tdx.tcb-info', 'tdx.qe-identity'] as const) {
      findings.rule(rule, 'DCAP collateral', 'endorsement_missing: none is given', false);
    }
    return NO_COLLATERAL;
  }
  if (issuers === null) return NO_COLLATERAL;
  const rootCrl = await checkRevocation(findings, pck, issuers, endorsements, trust);
  const { tcbInfo, qeIdentity } = await openCollateral(findings, endorsements, { root: issuers.root, rootCrl, trust });
  if (tcbInfo !== null) await checkDates(findings, 'tdx.tcb-info-dates', tcbInfo, 'the TCB info', trust);
  if (qeIdentity !== null) await checkDates(findings, 'tdx.qe-identity-dates', qeIdentity, 'the QE identity', trust);
  return { tcbInfo, qeIdentity };
}

const NO_COLLATERAL: Collateral = { tcbInfo: null, qeIdentity: null };

function checkPckChain(findings: TdxFindings, quote: TdxQuote, pck: Pck, trust: Trust): Promise<Issuers | null> {
  return findings.attempt('tdx.pck-chain', 'a PCK certificate, its authority, a pinned root', async () => {
    const chain = [pck.certificate, ...quote.pckIssuers.map(parseCertificate)];
    const path = await verifyPath({ ...trust, chain, anchors: trust.roots.map(parseCertificate) });
    const [leaf, authority, root, ...more] = path;
    if (leaf === undefined || authority === undefined || root === undefined || more.length > 0) {
      throw new TwinlockError('certificate_untrusted', `expected a path of 3 certificates, got ${path.length}`);
    }
    requireSignerOfData(leaf, 'the PCK certificate');
    return { got: 'verified', value: { authority, root } };
  });
}

/** The root's list, verified. The authority's has no other issuer than the one that issued the PCK certificate. */
async function checkRevocation(
  findings: TdxFindings,
  pck: Pck,
  { authority, root }: Issuers,
  endorsements: TdxEndorsements,
  trust: Trust,
): Promise<Crl | null> {
  const open = async (der: string | null, issuer: Certificate, what: string) => {
    const crl = parseCrl(fromBase64url(given(der, what)));
    await verifyCrl(crl, { ...trust, issuer, what });
    return crl;
  };
  const rootCrl = await findings.attempt('tdx.root-crl', 'current, without the authority', async () => {
    const crl = await open(endorsements.rootCaCrl, root, 'the root CA CRL');
    requireUnrevoked(authority, crl, 'the PCK authority');
    return { got: 'current, without it', value: crl };
  });
  await findings.attempt('tdx.pck-crl', 'current, without the PCK certificate', async () => {
    const crl = await open(endorsements.pckCrl, authority, 'the PCK CRL');
    requireUnrevoked(pck.certificate, crl, 'the PCK certificate');
    return { got: 'current, without it', value: crl };
  });
  return rootCrl;
}

/** Throws `endorsement_missing` where the part is null. */
function given<T>(part: T | null, what: string): T {
  if (part === null) throw new TwinlockError('endorsement_missing', `${what} is not given`);
  return part;
}

/** Who may sign documents: what the root issued and has not revoked. */
interface Signers {
  readonly root: Certificate;
  /** Null where it does not hold, which a rule of its own says. */
  readonly rootCrl: Crl | null;
  readonly trust: Trust;
}

async function openCollateral(
  findings: TdxFindings,
  endorsements: TdxEndorsements,
  signers: Signers,
): Promise<Collateral> {
  const expected = `signed by ${TCB_SIGNER}, under the root of the PCK certificate`;
  const tcbInfo = await findings.attempt('tdx.tcb-info', expected, async () => {
    const document = given(tcbInfoOf(endorsements), 'the TCB info');
    await verifyDocument(document, 'the TCB info', signers);
    return { got: 'verified', value: parseTcbInfo(document.text) };
  });
  const qeIdentity = await findings.attempt('tdx.qe-identity', expected, async () => {
    const document = given(qeIdentityOf(endorsements), 'the QE identity');
    await verifyDocument(document, 'the QE identity', signers);
    return { got: 'verified', value: parseQeIdentity(document.text) };
  });
  return { tcbInfo, qeIdentity };
}

/** The text is signed to the byte: it is parsed after, and never written again. */
async function verifyDocument(
  { text, signature, chain }: SignedDocument,
  what: string,
  { root, rootCrl, trust }: Signers,
): Promise<void> {
  const certificates = chain.map((der) => parseCertificate(fromBase64url(der)));
  const path = await verifyPath({ ...trust, chain: certificates, anchors: [root] });
  const [signer] = path;
  if (signer === undefined || path.length !== 2) {
    throw new TwinlockError('certificate_untrusted', `${what}: expected a signer right under the root`);
  }
  const name = commonName(signer);
  must(name === TCB_SIGNER, 'certificate_usage', `${what}: expected a signer named ${TCB_SIGNER}, got ${name}`);
  requireSignerOfData(signer, `the signer of ${what}`);
  if (rootCrl !== null) requireUnrevoked(signer, rootCrl, `the signer of ${what}`);
  const signed = { algorithm: 'ES256', message: utf8(text), signature: fromBase64url(signature) } as const;
  await trust.verify(claimBy(signer.key, signed, what));
}

async function checkDates(
  findings: TdxFindings,
  rule: 'tdx.tcb-info-dates' | 'tdx.qe-identity-dates',
  document: Dated,
  what: string,
  window: Window,
): Promise<void> {
  await findings.attempt(rule, 'current', () => ({ got: requireCurrent(document, window, what), value: null }));
}

function requireSignerOfData(certificate: Certificate, what: string): void {
  must(allowsUsage(certificate, 'digitalSignature'), 'certificate_usage', `${what}: its key may not sign data`);
}
