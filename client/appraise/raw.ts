import type { Parts } from '../../src/core/attest/compose.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { cpuReport, type GpuEvidence, gpuEvidence } from '../../src/core/attest/evidence.ts';
import { askName, askOfFile } from '../../src/core/attest/snp/ask.ts';
import type { SnpEndorsements } from '../../src/core/attest/snp/endorsements.ts';
import { parseVek } from '../../src/core/attest/snp/vek.ts';
import { tdxEndorsementsOfPcs } from '../../src/core/attest/tdx/collateral-json.ts';
import type { ServiceEndorsed } from '../../src/core/attest/token/endorsements.ts';
import { nrasEvidenceOf } from '../../src/core/attest/token/nras-json.ts';
import { parseAttestationKey } from '../../src/core/attest/tpm/attestation-key.ts';
import { azureHcl } from '../../src/core/attest/tpm/hcl.ts';
import type { TpmIdentity, TpmReport } from '../../src/core/attest/tpm/report.ts';
import { pcrsOfValues, tpmtSignatureOf } from '../../src/core/attest/tpm/signature-forms.ts';
import { parseTpmsAttest } from '../../src/core/attest/tpm/tpms-attest.ts';
import { fromBase64url, fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { orNull } from '../../src/core/refusal.ts';
import { parseAs } from '../../src/core/schema.ts';
import { derOfFile, isDer, oneDerOfFile } from '../../src/core/x509/der-text.ts';
import { derOfPem } from '../../src/core/x509/pem.ts';
import { devicesKept } from '../host/nvattest-json.ts';
import type { Subject } from './agent-file.ts';
import { textOf } from './text-file.ts';

/** Evidence as vendors' tools write it, each the bytes of a file; null or empty where it was not given. */
export interface RawEvidence {
  readonly snpReport: Uint8Array | null;
  readonly vek: Uint8Array | null;
  /** ASK or ASVK, alone or in a chain in any order. The ARK is not looked at, for roots are pinned. */
  readonly ca: Uint8Array | null;
  readonly crl: Uint8Array | null;
  readonly tdxQuote: Uint8Array | null;
  readonly collateral: Uint8Array | null;
  readonly spdm: readonly Uint8Array[];
  /** One an SPDM file, in the same order. */
  readonly chain: readonly Uint8Array[];
  /** What NVIDIA's `nvattest collect-evidence` printed, of GPUs or of NVSwitches. */
  readonly nvattest: readonly Uint8Array[];
  readonly tpmAttest: Uint8Array | null;
  readonly tpmSignature: Uint8Array | null;
  readonly tpmPcrs: Uint8Array | null;
  /** TPM2B_PUBLIC, or a public key in PEM, which nothing ties to a TPM. */
  readonly ak: Uint8Array | null;
  readonly akChain: Uint8Array | null;
  readonly hcl: Uint8Array | null;
  readonly jwt: Uint8Array | null;
  readonly jwks: Uint8Array | null;
}

/** No file at all. */
export const NONE: RawEvidence = {
  snpReport: null,
  vek: null,
  ca: null,
  crl: null,
  tdxQuote: null,
  collateral: null,
  spdm: [],
  chain: [],
  nvattest: [],
  tpmAttest: null,
  tpmSignature: null,
  tpmPcrs: null,
  ak: null,
  akChain: null,
  hcl: null,
  jwt: null,
  jwks: null,
};

/** What the evidence must carry, as the person who asked for it says. */
export interface Expected {
  /** 32 bytes; a report's longer field holds it first, and zeros after it. */
  readonly nonce: Uint8Array | null;
  /** Instead of `nonce`, for a CPU's report: 64 bytes. */
  readonly reportData: Uint8Array | null;
}

const PEM_BEGIN = '-----BEGIN ';
const REPORT_DATA_BYTES = 64;
const SNP_REPORT_BYTES = 1184;

/** What `work` returns; an error of parsing names in its detail the `flag` whose file it is of. */
function of<T>(flag: keyof RawEvidence, work: () => T, hint = ''): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    throw new TwinlockError(error.code, `${error.message}${hint}`, { ...error.detail, flag }, { cause: error });
  }
}

/** Puts files of vendors' tools together. Throws `usage` for a combination that says nothing, and as the parsers. */
export function subjectOfRaw(raw: RawEvidence, expected: Expected): Subject {
  const [given, devices] = [reportOf(raw), gpuOf(raw)];
  // The bounds of what a host may send hold for files too.
  const report = given === null ? null : parseAs(cpuReport, given, 'evidence');
  const gpu = devices === null ? null : parseAs(gpuEvidence, devices, 'evidence');
  must(report !== null || gpu !== null, 'usage', 'name a file of evidence, or one of the vendors’ (see --help)');
  const parts: Parts = {
    report,
    reportData: reportDataOf(report, expected),
    gpu,
    gpuNonce: expected.nonce,
    evidence: digestOfObject({ report, gpu }),
  };
  return { parts, endorsements: endorsementsOf(raw, report, gpu, NO_ENDORSEMENTS) };
}

function reportOf(raw: RawEvidence): Parts['report'] {
  // The quote of a paravisor's TD goes with its TPM's.
  const quote = raw.hcl === null ? raw.tdxQuote : null;
  const given = [raw.snpReport, quote, raw.tpmAttest, tokenOf(raw)].filter((one) => one !== null);
  must(given.length <= 1, 'usage', 'expected one of --snp-report, --tdx-quote, --tpm-attest and --jwt');
  const ofTpm = [raw.tpmSignature, raw.tpmPcrs, raw.ak, raw.akChain, raw.hcl];
  const isUsed = raw.tpmAttest !== null || ofTpm.every((one) => one === null);
  must(isUsed, 'usage', '--tpm-signature, --tpm-pcrs, --ak, --ak-chain and --hcl go with --tpm-attest');
  if (raw.tpmAttest !== null) return tpmReportOf(raw, raw.tpmAttest);
  if (raw.snpReport !== null) return { platform: 'snp', report: snpReportOf(raw.snpReport) };
  if (raw.tdxQuote !== null) return { platform: 'tdx', quote: toBase64url(raw.tdxQuote) };
  const token = tokenOf(raw);
  return token === null ? null : { platform: 'intel-trust-authority', token };
}

function snpReportOf(bytes: Uint8Array): string {
  return of('snpReport', () => {
    const { length } = bytes;
    must(length === SNP_REPORT_BYTES, 'malformed', `expected ${SNP_REPORT_BYTES} bytes, got ${length}`);
    return toBase64url(bytes);
  });
}

/** A token of its own is Intel's; NVIDIA's come as a JSON array. */
function tokenOf({ jwt }: RawEvidence): string | null {
  if (jwt === null || isNras(jwt)) return null;
  return of('jwt', () => textOf(jwt).trim());
}

function isNras(jwt: Uint8Array): boolean {
  return of('jwt', () => textOf(jwt).trimStart().startsWith('['));
}

function gpuOf({ spdm, chain, nvattest, jwt }: RawEvidence): GpuEvidence | null {
  must(spdm.length === chain.length, 'usage', 'expected as many --chain as --spdm, in the same order');
  const single = spdm.map((bytes, i) => ({
    spdm: toBase64url(bytes),
    chain: of('chain', () => certificatesOf(chain[i] ?? new Uint8Array())),
  }));
  const printed = of('nvattest', () =>
    nvattest.flatMap((bytes) => devicesKept(parseJson(textOf(bytes)), 'nvattest’s JSON')),
  );
  const devices = [...single, ...printed];
  if (devices.length > 0) return { kind: 'spdm', devices };
  return jwt !== null && isNras(jwt) ? of('jwt', () => nrasEvidenceOf(textOf(jwt))) : null;
}

const AK_HINT = '; tpm2_createak -f tss -u writes one';

function tpmReportOf(raw: RawEvidence, attest: Uint8Array): TpmReport {
  const identity = identityOf(raw);
  const { tpmSignature, tpmPcrs } = raw;
  must(tpmSignature !== null && tpmPcrs !== null, 'usage', '--tpm-attest needs --tpm-signature and --tpm-pcrs');
  const writes = identity.kind === 'certificate' || identity.kind === 'activated' ? AK_HINT : '';
  const { key } = of(raw.hcl === null ? 'ak' : 'hcl', () => parseAttestationKey(identity), writes);
  const signature = of('tpmSignature', () => tpmtSignatureOf({ raw: tpmSignature, key }));
  const { selections } = of('tpmAttest', () => parseTpmsAttest(attest));
  const selected = selections.flatMap(({ indices }) => indices);
  // Of several banks, or of another one, the rules say what is wrong: the values are then read as SHA-256.
  const bank = selections.every(({ bank }) => bank === 'sha384') && selections.length > 0 ? 'sha384' : 'sha256';
  return {
    platform: 'tpm',
    attest: toBase64url(attest),
    signature: toBase64url(signature),
    pcrs: of('tpmPcrs', () => pcrsOfValues(tpmPcrs, selected, bank), '; quote with tpm2_quote -o FILE -F values'),
    identity,
  };
}

function identityOf(raw: RawEvidence): TpmIdentity {
  if (raw.hcl !== null) {
    const isAlone = raw.ak === null && raw.akChain === null;
    must(isAlone, 'usage', '--hcl names the AK of a paravisor itself: leave out --ak and --ak-chain');
    return runtimeOf(raw, raw.hcl);
  }
  must(raw.ak !== null, 'usage', '--tpm-attest needs --ak, or --hcl for a paravisor’s');
  const { ak, akChain } = raw;
  const [pem] = isPem(ak) ? of('ak', () => derOfPem(fromUtf8(ak), 'PUBLIC KEY'), AK_HINT) : [];
  const isWhole = pem === undefined || akChain === null;
  must(isWhole, 'usage', `--ak-chain certifies a TPM2B_PUBLIC, and --ak is a public key in PEM${AK_HINT}`);
  if (pem !== undefined) return { kind: 'self-asserted', key: toBase64url(pem) };
  const key = toBase64url(ak);
  return akChain === null
    ? { kind: 'activated', key }
    : { kind: 'certificate', key, chain: of('akChain', () => certificatesOf(akChain)) };
}

function runtimeOf(raw: RawEvidence, bytes: Uint8Array): TpmIdentity {
  const { hardware, runtime } = of('hcl', () => azureHcl(bytes));
  if (hardware.platform === 'snp') {
    const report = { platform: 'snp' as const, report: toBase64url(hardware.report) };
    must(raw.tdxQuote === null, 'usage', 'this paravisor is of SEV-SNP, and has no quote: leave out --tdx-quote');
    return { kind: 'runtime', runtime: toBase64url(runtime), hardware: report };
  }
  must(raw.tdxQuote !== null, 'usage', 'this paravisor is a TD’s: its quote is needed too (--tdx-quote)');
  const report = { platform: 'tdx' as const, quote: toBase64url(raw.tdxQuote) };
  return { kind: 'runtime', runtime: toBase64url(runtime), hardware: report };
}

function reportDataOf(report: Parts['report'], { nonce, reportData }: Expected): Uint8Array | null {
  if (reportData !== null) return reportData;
  if (nonce === null || report === null) return null;
  if (report.platform === 'tpm') return nonce;
  const field = new Uint8Array(REPORT_DATA_BYTES);
  must(nonce.length <= field.length, 'usage', `--nonce: expected at most ${field.length} bytes, got ${nonce.length}`);
  field.set(nonce);
  return field;
}

/** What vendors say of a file of our agent, in place of what the file has of the same kind. */
export function withEndorsements(subject: Subject, raw: RawEvidence): Subject {
  const { report, gpu } = subject.parts;
  return { ...subject, endorsements: endorsementsOf(raw, report, gpu, subject.endorsements ?? NO_ENDORSEMENTS) };
}

function endorsementsOf(
  raw: RawEvidence,
  report: Parts['report'],
  gpu: GpuEvidence | null,
  before: Endorsements,
): Endorsements {
  const { collateral, jwks } = raw;
  const snp = snpEndorsementsOf(raw, before.snp ?? null);
  return {
    ...before,
    ...(snp === null ? {} : { snp }),
    ...(collateral === null ? {} : { tdx: of('collateral', () => tdxEndorsementsOfPcs(textOf(collateral))) }),
    ...(jwks === null ? {} : of('jwks', () => keySetsOf(textOf(jwks), report, gpu))),
  };
}

function snpEndorsementsOf({ vek, ca, crl }: RawEvidence, before: SnpEndorsements | null): SnpEndorsements | null {
  if ([vek, ca, crl, before].every((one) => one === null)) return null;
  must(before !== null || (vek !== null && ca !== null), 'usage', '--vek and --ca go together');
  const vekText = vek === null ? (before?.vek ?? null) : of('vek', () => certificateOf(vek));
  return {
    vek: vekText,
    ask: ca === null ? (before?.ask ?? null) : of('ca', () => toBase64url(askOfFile(ca, askNameFor(vekText)).der)),
    crl: crl === null ? (before?.crl ?? null) : of('crl', () => toBase64url(oneDerOfFile(crl, 'X509 CRL'))),
  };
}

/** The name of the authority that a VEK needs; null where there is no VEK to say. */
function askNameFor(vek: string | null): string | null {
  const parsed = vek === null ? null : orNull(TwinlockError, () => parseVek(fromBase64url(vek)));
  return parsed === null ? null : askName(parsed);
}

function certificateOf(bytes: Uint8Array): string {
  const [first] = certificatesOf(bytes);
  must(first !== undefined, 'malformed', 'expected a certificate in DER or PEM');
  return first;
}

function keySetsOf(jwks: string, report: Parts['report'], gpu: GpuEvidence | null): ServiceEndorsed {
  return {
    ...(report?.platform === 'intel-trust-authority' ? { [report.platform]: jwks } : {}),
    ...(gpu?.kind === 'nras' ? { [gpu.kind]: jwks } : {}),
  };
}

function certificatesOf(bytes: Uint8Array): string[] {
  return derOfFile(bytes, 'CERTIFICATE').map(toBase64url);
}

function isPem(bytes: Uint8Array): boolean {
  return !isDer(bytes) && new TextDecoder('latin1').decode(bytes).includes(PEM_BEGIN);
}
