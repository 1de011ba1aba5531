import type { PartsToAppraise } from '../../src/core/attest/compose.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { cpuReport, type GpuEvidence, gpuEvidence } from '../../src/core/attest/evidence.ts';
import { PLATFORMS } from '../../src/core/attest/platforms.ts';
import { nrasEvidenceOf } from '../../src/core/attest/token/nras-json.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { must } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { parseAs } from '../../src/core/schema.ts';
import { devicesKept } from '../host/nvattest-json.ts';
import { textOf } from '../platforms/kit/text-file.ts';
import { certificatesOf, type FilesGiven, ofFlag } from '../platforms/kit/vendor-files.ts';
import { endorsedIn, reportIn } from '../platforms/platforms.ts';
import { isNras } from '../platforms/trust-authority/files.ts';
import type { Subject } from './agent-file.ts';

/** Evidence as vendors' tools write it, each the bytes of a file; null or left out where it was not given. */
export interface RawEvidence {
  readonly spdm: readonly Uint8Array[];
  /** One an SPDM file, in the same order. */
  readonly chain: readonly Uint8Array[];
  /** The output of NVIDIA's `nvattest collect-evidence`, for GPUs or for NVSwitches. */
  readonly nvattest: readonly Uint8Array[];
  /** The files of a platform, by the name in its `files`. */
  readonly [file: string]: Uint8Array | null | undefined | readonly Uint8Array[];
}

/** The data that the evidence must carry, as its requester says. */
export interface ExpectedBinding {
  /** 32 bytes; a report's longer field holds it first, and zeros after it. */
  readonly nonce: Uint8Array | null;
  /** Instead of `nonce`, for a CPU's report: 64 bytes. */
  readonly reportData: Uint8Array | null;
}

/** The file of a platform. */
const filesOf =
  (raw: RawEvidence): FilesGiven =>
  (name) =>
    (raw[name] as Uint8Array | null | undefined) ?? null;

/** Puts files of vendors' tools together. Throws `usage` for a combination that says nothing, and as the parsers. */
export function subjectOfRaw(raw: RawEvidence, expected: ExpectedBinding): Subject {
  const [given, devices] = [reportIn(filesOf(raw)), gpuOf(raw)];
  // The bounds of what a host may send hold for files too.
  const report = given === null ? null : parseAs(cpuReport, given, 'evidence');
  const gpu = devices === null ? null : parseAs(gpuEvidence, devices, 'evidence');
  must(report !== null || gpu !== null, 'usage', 'name a file of evidence, or one of the vendors’ (see --help)');
  const parts: PartsToAppraise = {
    report,
    reportData: reportDataOf(report, expected),
    gpu,
    gpuNonce: expected.nonce,
    evidence: digestOfObject({ report, gpu }),
  };
  return { parts, endorsements: endorsementsOf(raw, report, gpu, NO_ENDORSEMENTS) };
}

function gpuOf(raw: RawEvidence): GpuEvidence | null {
  const { spdm, chain, nvattest } = raw;
  const jwt = filesOf(raw)('jwt');
  must(spdm.length === chain.length, 'usage', 'expected as many --chain as --spdm, in the same order');
  const single = spdm.map((bytes, i) => ({
    spdm: toBase64url(bytes),
    chain: ofFlag('chain', () => certificatesOf(chain[i] ?? new Uint8Array())),
  }));
  const printed = ofFlag('nvattest', () =>
    nvattest.flatMap((bytes) => devicesKept(parseJson(textOf(bytes)), 'nvattest’s JSON')),
  );
  const devices = [...single, ...printed];
  if (devices.length > 0) return { kind: 'spdm', devices };
  return jwt !== null && isNras(jwt) ? ofFlag('jwt', () => nrasEvidenceOf(textOf(jwt))) : null;
}

function reportDataOf(report: PartsToAppraise['report'], { nonce, reportData }: ExpectedBinding): Uint8Array | null {
  if (reportData !== null) return reportData;
  if (nonce === null || report === null) return null;
  const { boundBytes } = PLATFORMS[report.platform];
  // A TPM's quote carries the nonce as it is; a report has a field of its own length.
  if (boundBytes === 32) return nonce;
  const field = new Uint8Array(boundBytes);
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
  report: PartsToAppraise['report'],
  gpu: GpuEvidence | null,
  before: Endorsements,
): Endorsements {
  const file = filesOf(raw);
  const jwks = file('jwks');
  const ofDevices = jwks === null || gpu?.kind !== 'nras' ? {} : { [gpu.kind]: ofFlag('jwks', () => textOf(jwks)) };
  return { ...before, ...endorsedIn(file, report?.platform ?? null, before), ...ofDevices };
}
