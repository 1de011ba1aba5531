import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromBase64url, toHex, ZERO_32 } from '../../bytes.ts';
import { claimBy } from '../../x509/certificate.ts';
import { Findings } from '../kit/findings.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import { claimer, claimPck, claimQuote, teeTypeText } from './claims.ts';
import type { TdxEndorsed } from './endorsements.ts';
import { checkLevels } from './levels.ts';
import { parseTdxQuote, type TdxQuote } from './parse.ts';
import { type Pck, parsePck } from './pck.ts';
import type { TdxReferenceValues } from './reference-values.ts';
import type { TdxReport } from './report.ts';
import { TDX_VENDOR_ROOTS } from './roots.ts';
import { requiredRules, type TdxFindings, type TdxRule } from './rules.ts';
import { checkReferenceValues, checkTd } from './td.ts';
import { checkTrust } from './trust.ts';

const TEE_TDX = 0x81;
/** ECDSA over P-256 with SHA-256. */
const KEY_TYPE_ES256 = 2;
const INTEL_QE_VENDOR = '939a7233f79c4ca9940a0db3957f0607';
/** SEC 1 section 2.3.3: a point that is not compressed. */
const UNCOMPRESSED = Uint8Array.of(0x04);
const PPID_CHARACTERS_SHOWN = 16;

/**
 * Appraises a TD quote with DCAP collateral (design: attestation, "Intel TDX"; FORMAT.md lists the rules).
 * `expectedData` is 64 bytes. Throws `malformed`, `unsupported_version`, `unsupported_algorithm`, `invalid_key` or
 * `too_large` for a quote or PCK certificate that cannot be parsed; all else is a rule that fails.
 */
export async function appraiseTdx(
  input: PlatformInput<TdxReport, TdxReferenceValues, TdxEndorsed>,
): Promise<PlatformResult> {
  const { endorsements, expectedData, instantMs, referenceValues, verify } = input;
  const quote = parseTdxQuote(fromBase64url(input.report.quote));
  const pck = parsePck(quote.pck);
  const findings = new Findings<TdxRule>(verify);
  const claim = claimer(findings);
  claimQuote(claim, quote);
  claimPck(claim, pck);
  await checkQuote(findings, quote, pck);
  const roots = referenceValues === null ? TDX_VENDOR_ROOTS : referenceValues.roots.map(fromBase64url);
  const trust = { roots, instantMs, graceMs: referenceValues?.graceMs ?? 0, verify };
  const collateral = await checkTrust(findings, { quote, pck }, endorsements.tdx ?? null, trust);
  checkLevels(findings, claim, { quote, pck }, collateral, referenceValues);
  checkTd(findings, quote.body, referenceValues);
  if (referenceValues !== null) {
    checkReferenceValues(findings, quote.body, referenceValues);
    const { chips } = referenceValues;
    if (chips === null) findings.rule('tdx.chip-list', 'any chip', pck.ppid, true);
    else findings.among('tdx.chip-list', chips, pck.ppid);
  }
  if (expectedData !== null) findings.same('tdx.report-data', toHex(expectedData), toHex(quote.body.reportData));
  return findings.result(`tdx-${pck.ppid.slice(0, PPID_CHARACTERS_SHOWN)}`, requiredRules(input));
}

/** That the header is of a TD quote, and who signed what: the PCK's key the QE, the QE the key, the key the TD. */
async function checkQuote(findings: TdxFindings, quote: TdxQuote, pck: Pck): Promise<void> {
  const { attestationKey, qeAuthData, qeReport } = quote;
  findings.same('tdx.tee-type', teeTypeText(TEE_TDX), teeTypeText(quote.teeType));
  findings.same('tdx.key-type', String(KEY_TYPE_ES256), String(quote.keyType));
  findings.same('tdx.qe-vendor', INTEL_QE_VENDOR, toHex(quote.qeVendor));
  await findings.signature('tdx.signature', () => ({
    kind: 'signature',
    algorithm: 'ES256',
    publicKey: concat(UNCOMPRESSED, attestationKey),
    message: quote.signed,
    signature: quote.signature,
    what: 'TD quote',
  }));
  const boundKey = concat(sha256(concat(attestationKey, qeAuthData)), ZERO_32);
  findings.same('tdx.qe-report-data', toHex(boundKey), toHex(qeReport.reportData));
  const signed = { algorithm: 'ES256', message: quote.qeReportBytes, signature: quote.qeSignature } as const;
  await findings.signature('tdx.qe-signature', () => claimBy(pck.certificate.key, signed, 'QE report'));
}
