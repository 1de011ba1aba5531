import { fromBase64url } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import type { Verify } from '../../signature/claim.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import { parseCrl, requireUnrevoked, verifyCrl } from '../../x509/crl.ts';
import { commonName } from '../../x509/name.ts';
import { verifyPath } from '../../x509/path.ts';
import { instantText } from '../../x509/time.ts';
import type { Findings } from '../kit/findings.ts';
import { askName } from './ask.ts';
import type { SnpEndorsements } from './endorsements.ts';
import type { SnpReferenceValues } from './reference-values.ts';
import { isRooted, SNP_VENDOR_ROOTS } from './roots.ts';
import type { SnpRule } from './rules.ts';
import type { SnpProduct } from './tcb.ts';
import type { SnpSigner, Vek } from './vek.ts';

/** One ARK is above all of them. The names of the key and of its authority keep a VLEK from passing for a VCEK. */
const VEK_NAME: Readonly<Record<SnpSigner, string>> = { vcek: 'SEV-VCEK', vlek: 'SEV-VLEK' };

export interface ChainInput {
  readonly endorsements: SnpEndorsements;
  readonly vek: Vek;
  /** Null: the vendor's roots, and a missing list of revoked certificates passes. */
  readonly referenceValues: SnpReferenceValues | null;
  readonly instantMs: number;
  readonly verify: Verify;
}

/** Rules snp.chain and snp.crl: the VEK is the vendor's, for this product, and its authority is not revoked. */
export async function checkChain(findings: Findings<SnpRule>, input: ChainInput): Promise<void> {
  const { vek } = input;
  const names = [VEK_NAME[vek.signer], askName(vek), `the pinned ARK of ${vek.product}`];
  const chain = await findings.attempt('snp.chain', names.join(' under '), () => verifyChain(input));
  if (chain === null) return;
  const isRequired = input.referenceValues?.crl === 'required';
  const expected = isRequired
    ? 'a list of the ARK that does not revoke the chain'
    : 'not revoked where a list is given';
  await findings.attempt('snp.crl', expected, () => verifyRevocation(chain, isRequired, input));
}

interface Chain {
  readonly ask: Certificate;
  readonly ark: Certificate;
}

async function verifyChain(input: ChainInput): Promise<{ got: string; value: Chain }> {
  const { vek, instantMs, verify } = input;
  const ark = parseCertificate(rootOf(vek.product, input.referenceValues));
  const { ask: askDer } = input.endorsements;
  must(askDer !== null, 'endorsement_missing', `no certificate of ${askName(vek)} was given`);
  const ask = parseCertificate(fromBase64url(askDer));
  requireNamed(vek.certificate, VEK_NAME[vek.signer]);
  requireNamed(ask, askName(vek));
  for (const { signed } of [vek.certificate, ask]) {
    const got = signed?.signatureAlgorithm ?? 'an unknown algorithm';
    must(got === 'PS384', 'unsupported_algorithm', `expected certificates signed by PS384, got ${got}`);
  }
  await verifyPath({ chain: [vek.certificate, ask], anchors: [ark], instantMs, verify });
  return { got: `valid until ${instantText(vek.certificate.notAfterMs)}`, value: { ask, ark } };
}

function rootOf(product: SnpProduct, values: SnpReferenceValues | null): Uint8Array {
  // The vendor has published no root of a Venice: reference values cannot list it either.
  if (!isRooted(product)) throw new TwinlockError('root_unknown', `no root of ${product} is published yet`);
  if (values === null) return SNP_VENDOR_ROOTS[product];
  const listed = values.products.find((one) => one.product === product);
  if (listed === undefined) throw new TwinlockError('root_unknown', `no root is pinned for ${product}`);
  return fromBase64url(listed.root);
}

function requireNamed(certificate: Certificate, expected: string): void {
  const got = commonName(certificate);
  must(got === expected, 'certificate_untrusted', `expected the certificate of ${expected}, got ${got ?? 'no name'}`);
}

/**
 * Checks the ASK alone: a list revokes by serial number, and every VEK has the same one, 0. The revocations of the
 * reference values refuse a single chip.
 */
async function verifyRevocation(chain: Chain, isRequired: boolean, input: ChainInput) {
  const { referenceValues, instantMs, verify } = input;
  const { crl: der } = input.endorsements;
  if (der === null) {
    must(!isRequired, 'endorsement_missing', 'no list of revoked certificates was given');
    return { got: 'none given', value: null };
  }
  const crl = parseCrl(fromBase64url(der));
  const graceMs = referenceValues?.graceMs ?? 0;
  await verifyCrl(crl, { issuer: chain.ark, instantMs, graceMs, verify, what: 'list of the ARK' });
  requireUnrevoked(chain.ask, crl, 'list of the ARK');
  return { got: `not revoked by the list of ${instantText(crl.thisUpdateMs)}`, value: null };
}
