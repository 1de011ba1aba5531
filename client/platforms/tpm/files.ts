import { azureHcl } from '../../../src/core/attest/paravisor/hcl.ts';
import { parseAttestationKey } from '../../../src/core/attest/tpm/attestation-key.ts';
import type { TpmIdentity, TpmReport } from '../../../src/core/attest/tpm/report.ts';
import { pcrsOfValues, tpmtSignatureOf } from '../../../src/core/attest/tpm/signature-forms.ts';
import { parseTpmsAttest } from '../../../src/core/attest/tpm/tpms-attest.ts';
import { fromUtf8, toBase64url } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { isDer } from '../../../src/core/x509/der-text.ts';
import { derOfPem } from '../../../src/core/x509/pem.ts';
import { certificatesOf, evidenceFile, type FilesGiven, ofFlag, type VendorFiles } from '../kit/vendor-files.ts';

const PEM_BEGIN = '-----BEGIN ';
const AK_HINT = '; tpm2_createak -f tss -u writes one';

export const TPM_FILES: VendorFiles = {
  tpmAttest: evidenceFile('--tpm-attest <file>', 'TPM: TPMS_ATTEST, as tpm2_quote -m writes it'),
  tpmSignature: evidenceFile('--tpm-signature <file>', 'TPM: TPMT_SIGNATURE (-s), DER or bare RSASSA'),
  tpmPcrs: evidenceFile('--tpm-pcrs <file>', 'TPM: values of the quoted PCRs (-o with -F values)'),
  ak: evidenceFile('--ak <file>', 'TPM: TPM2B_PUBLIC of the attestation key'),
  akChain: evidenceFile('--ak-chain <file>', 'TPM: the AK’s certificate and its issuers, in PEM'),
  hcl: evidenceFile('--hcl <file>', 'Azure: what the paravisor keeps at NV index 0x01400001, in place of --ak'),
};

/** The quote of the files, where there is one. Throws `usage` for files that go with a quote and have none. */
export function tpmReportIn(file: FilesGiven): (() => TpmReport) | null {
  const raw: TpmFiles = {
    tpmSignature: file('tpmSignature'),
    tpmPcrs: file('tpmPcrs'),
    ak: file('ak'),
    akChain: file('akChain'),
    hcl: file('hcl'),
    tdxQuote: file('tdxQuote'),
  };
  const attest = file('tpmAttest');
  if (attest !== null) return () => tpmReportOf(raw, attest);
  const { tdxQuote: _, ...ofTpm } = raw;
  const isUsed = Object.values(ofTpm).every((one) => one === null);
  must(isUsed, 'usage', '--tpm-signature, --tpm-pcrs, --ak, --ak-chain and --hcl go with --tpm-attest');
  return null;
}

type TpmFiles = Readonly<Record<'tpmSignature' | 'tpmPcrs' | 'ak' | 'akChain' | 'hcl' | 'tdxQuote', Uint8Array | null>>;

function tpmReportOf(raw: TpmFiles, attest: Uint8Array): TpmReport {
  const identity = identityOf(raw);
  const { tpmSignature, tpmPcrs } = raw;
  must(tpmSignature !== null && tpmPcrs !== null, 'usage', '--tpm-attest needs --tpm-signature and --tpm-pcrs');
  const writes = identity.kind === 'certificate' || identity.kind === 'activated' ? AK_HINT : '';
  const { key } = ofFlag(raw.hcl === null ? 'ak' : 'hcl', () => parseAttestationKey(identity), writes);
  const signature = ofFlag('tpmSignature', () => tpmtSignatureOf({ raw: tpmSignature, key }));
  const { selections } = ofFlag('tpmAttest', () => parseTpmsAttest(attest));
  const selected = selections.flatMap(({ indices }) => indices);
  // Several banks, or another bank, are read as SHA-256. The rules then say what is wrong.
  const bank = selections.every(({ bank }) => bank === 'sha384') && selections.length > 0 ? 'sha384' : 'sha256';
  return {
    platform: 'tpm',
    attest: toBase64url(attest),
    signature: toBase64url(signature),
    pcrs: ofFlag('tpmPcrs', () => pcrsOfValues(tpmPcrs, selected, bank), '; quote with tpm2_quote -o FILE -F values'),
    identity,
  };
}

function identityOf(raw: TpmFiles): TpmIdentity {
  if (raw.hcl !== null) {
    const isAlone = raw.ak === null && raw.akChain === null;
    must(isAlone, 'usage', '--hcl names the AK of a paravisor itself: leave out --ak and --ak-chain');
    return runtimeOf(raw, raw.hcl);
  }
  must(raw.ak !== null, 'usage', '--tpm-attest needs --ak, or --hcl for a paravisor’s');
  const { ak, akChain } = raw;
  const [pem] = isPem(ak) ? ofFlag('ak', () => derOfPem(fromUtf8(ak), 'PUBLIC KEY'), AK_HINT) : [];
  const isWhole = pem === undefined || akChain === null;
  must(isWhole, 'usage', `--ak-chain certifies a TPM2B_PUBLIC, and --ak is a public key in PEM${AK_HINT}`);
  if (pem !== undefined) return { kind: 'self-asserted', key: toBase64url(pem) };
  const key = toBase64url(ak);
  return akChain === null
    ? { kind: 'activated', key }
    : { kind: 'certificate', key, chain: ofFlag('akChain', () => certificatesOf(akChain)) };
}

function runtimeOf(raw: TpmFiles, bytes: Uint8Array): TpmIdentity {
  const { hardware, runtime } = ofFlag('hcl', () => azureHcl(bytes));
  if (hardware.platform === 'snp') {
    const report = { platform: 'snp' as const, report: toBase64url(hardware.report) };
    must(raw.tdxQuote === null, 'usage', 'this paravisor is of SEV-SNP, and has no quote: leave out --tdx-quote');
    return { kind: 'runtime', runtime: toBase64url(runtime), hardware: report };
  }
  must(raw.tdxQuote !== null, 'usage', 'this paravisor is a TD’s: its quote is needed too (--tdx-quote)');
  const report = { platform: 'tdx' as const, quote: toBase64url(raw.tdxQuote) };
  return { kind: 'runtime', runtime: toBase64url(runtime), hardware: report };
}

function isPem(bytes: Uint8Array): boolean {
  return !isDer(bytes) && new TextDecoder('latin1').decode(bytes).includes(PEM_BEGIN);
}
