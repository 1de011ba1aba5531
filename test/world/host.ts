import { ed25519 } from '@noble/curves/ed25519.js';
import type { Appraisal } from '../../src/core/attest/appraisal.ts';
import { appraise } from '../../src/core/attest/appraise.ts';
import { type Evidence, hostReportData } from '../../src/core/attest/evidence.ts';
import type { Request } from '../../src/core/attest/request.ts';
import { simulatedReportMessage } from '../../src/core/attest/simulated/report.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { type KemKeyPair, kemKeyPairFromSeed } from '../../src/core/envelope/xwing.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { ed25519KeyText } from '../../src/core/statement/key.ts';
import type { ReferenceValues } from '../../src/core/statement/policy.ts';
import type { ReleaseHost } from '../../src/core/statement/statement.ts';
import { MEASUREMENT } from './founding.ts';

/** A simulated host that has answered a request: its one-time keys, its evidence and what came of it. */
export interface Host {
  readonly kem: KemKeyPair;
  readonly receiptSeed: Uint8Array;
  readonly evidence: Evidence;
  readonly evidenceBytes: Uint8Array;
  readonly appraisal: Appraisal;
  readonly appraisalBytes: Uint8Array;
  /** What the release statement says of it. */
  readonly named: ReleaseHost;
}

export interface HostChanges {
  /** A key pair that is not a new one. */
  readonly kem?: KemKeyPair;
  /** Go into the evidence before its report is made, so that the report is true of them. */
  readonly evidence?: Partial<Evidence>;
  readonly measurement?: string;
  /** Go into the appraisal after it has been reached, so that it is a lie. */
  readonly appraisal?: Partial<Appraisal>;
}

export interface HostInput extends HostChanges {
  readonly request: Request;
  readonly checkpoint: Evidence['checkpoint'];
  readonly referenceValues: ReferenceValues;
  readonly nowMs: number;
  readonly random: RandomBytes;
}

export async function makeHost(input: HostInput): Promise<Host> {
  const { request, random } = input;
  const kem = input.kem ?? kemKeyPairFromSeed(random(32));
  const receiptSeed = random(32);
  const binding = {
    vault: request.vault,
    request,
    checkpoint: input.checkpoint,
    random: digestOf(random(32)),
    kem: toBase64url(kem.publicKey),
    receiptKey: ed25519KeyText(ed25519.getPublicKey(receiptSeed)),
    gpu: null,
    ...input.evidence,
  };
  const chipSeed = random(32);
  const said = {
    chip: ed25519KeyText(ed25519.getPublicKey(chipSeed)),
    measurement: input.measurement ?? MEASUREMENT,
    reportData: toBase64url(hostReportData(binding)),
  };
  const signature = toBase64url(ed25519.sign(simulatedReportMessage(said), chipSeed));
  const evidence: Evidence = {
    v: 1,
    kind: 'evidence',
    report: { platform: 'simulated', ...said, signature },
    ...binding,
  };
  const evidenceBytes = canonicalBytes(evidence);
  const { referenceValues, nowMs } = input;
  const reached = await appraise({ evidence: evidenceBytes, referenceValues, instantMs: nowMs });
  const appraisal = { ...reached, ...input.appraisal };
  const appraisalBytes = canonicalBytes(appraisal);
  const named: ReleaseHost = {
    label: appraisal.label,
    kem: digestOf(kem.publicKey),
    receiptKey: evidence.receiptKey,
    evidence: digestOf(evidenceBytes),
    appraisal: digestOf(appraisalBytes),
  };
  return { kem, receiptSeed, evidence, evidenceBytes, appraisal, appraisalBytes, named };
}
