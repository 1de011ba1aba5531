import type { PartsToAppraise } from '../../src/core/attest/compose.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { gpuEvidence, gpuNonce, hostBoundData, parseEvidence } from '../../src/core/attest/evidence.ts';
import { fromHex, type Hex } from '../../src/core/bytes.ts';
import { digestOf, digestOfObject } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { parseAs } from '../../src/core/schema.ts';
import { boundFor, parseEvidenceParts, partsData } from '../host/evidence-parts.ts';
import { devicesKept, isNvattest } from '../host/nvattest-json.ts';
import { textOf } from '../platforms/kit/text-file.ts';

/** The evidence to appraise, and the vendors' endorsements. */
export interface Subject {
  readonly parts: PartsToAppraise;
  readonly endorsements: Endorsements | null;
}

/**
 * Takes apart a file as our agent writes it: the evidence of a request, or what `twinlock evidence` wrote; or what
 * NVIDIA's `nvattest collect-evidence` printed.
 * `nonce` is the one that the person who ran `nvattest` chose (32 bytes in hex); without it the file's word stands
 * for how fresh it is. Throws `malformed`, `not_canonical` or `too_large`.
 */
export function subjectOfFile(bytes: Uint8Array, nonce: Hex | null): Subject {
  const json = jsonOf(bytes);
  switch ((json as { kind?: unknown } | null)?.kind) {
    case 'evidence':
      return requestEvidence(bytes);
    case 'evidence-parts':
      return partsEvidence(bytes, nonce);
    default:
      if (isNvattest(json)) return nvattestEvidence(json, nonce);
      throw new TwinlockError(
        'malformed',
        'expected JSON of kind evidence or evidence-parts, as our agent writes it, or what nvattest collect-evidence printed',
      );
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  const isBinary = bytes.includes(0);
  must(!isBinary, 'malformed', 'expected JSON: binary files of vendors’ tools need a flag, such as --tdx-quote');
  return parseJson(textOf(bytes));
}

function requestEvidence(bytes: Uint8Array): Subject {
  const { evidence, digest } = parseEvidence(bytes);
  const { report, gpu } = evidence;
  const reportData = hostBoundData(report.platform, evidence);
  return {
    parts: { report, reportData, gpu, gpuNonce: gpuNonce(evidence), evidence: digest },
    endorsements: null,
  };
}

function partsEvidence(bytes: Uint8Array, asked: Hex | null): Subject {
  const { report, gpu, endorsements, ...said } = parseEvidenceParts(bytes);
  const nonce = asked ?? said.gpuNonce;
  const data = nonce === null ? null : partsData(nonce, gpu);
  return {
    parts: {
      report,
      reportData: data === null ? fromHex(said.reportData) : boundFor(report.platform, data),
      gpu,
      gpuNonce: nonce === null ? null : fromHex(nonce),
      evidence: digestOf(bytes),
    },
    endorsements,
  };
}

/** Devices without a CPU's report, which alone are never enough. */
function nvattestEvidence(json: unknown, nonce: Hex | null): Subject {
  const devices = devicesKept(json, 'nvattest’s JSON');
  const gpu = parseAs(gpuEvidence, { kind: 'spdm', devices }, 'evidence');
  return {
    parts: {
      report: null,
      reportData: null,
      gpu,
      gpuNonce: nonce === null ? null : fromHex(nonce),
      evidence: digestOfObject({ report: null, gpu }),
    },
    endorsements: NO_ENDORSEMENTS,
  };
}
