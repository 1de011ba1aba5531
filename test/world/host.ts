import type { Appraisal } from '../../src/core/attest/appraisal.ts';
import { appraise } from '../../src/core/attest/appraise.ts';
import { type Endorsements, endorsementsBytes, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { type Evidence, type HostBinding, hostReportData } from '../../src/core/attest/evidence.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import type { Request } from '../../src/core/attest/request.ts';
import { type SimulatedReport, simulatedReportMessage } from '../../src/core/attest/simulated/report.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import type { KemKeyPair } from '../../src/core/envelope/xwing.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import type { ReleaseHost } from '../../src/core/statement/statement.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { MEASUREMENT } from './founding.ts';
import { ed25519PublicKey, ed25519Sign, kemKeyPair } from './native-keys.ts';

/** A simulated host that has answered a request: its one-time keys, its evidence and what came of it. */
export interface Host {
  readonly kem: KemKeyPair;
  readonly receiptSeed: Uint8Array;
  readonly evidence: Evidence;
  readonly evidenceBytes: Uint8Array;
  readonly endorsementsBytes: Uint8Array;
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
  /** Other hardware than a simulated chip. */
  readonly collect?: (binding: HostBinding) => {
    readonly report: Evidence['report'];
    readonly endorsements: Endorsements;
  };
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
  const kem = input.kem ?? kemKeyPair(random(32));
  const receiptSeed = random(32);
  const binding = {
    vault: request.vault,
    request,
    checkpoint: input.checkpoint,
    random: digestOf(random(32)),
    kem: toBase64url(kem.publicKey),
    receiptKey: ed25519KeyText(ed25519PublicKey(receiptSeed)),
    gpu: null,
    ...input.evidence,
  };
  const simulate = () => simulatedReport(binding, random(32), input.measurement ?? MEASUREMENT);
  const { report, endorsements: brought } = input.collect?.(binding) ?? {
    report: simulate(),
    endorsements: NO_ENDORSEMENTS,
  };
  const evidence: Evidence = { v: 1, kind: 'evidence', report, ...binding };
  const evidenceBytes = canonicalBytes(evidence);
  const { referenceValues, nowMs: instantMs } = input;
  const endorsements = endorsementsBytes(brought);
  const reached = await appraise({ evidence: evidenceBytes, endorsements, referenceValues, instantMs }, verifyNode);
  const appraisal = { ...reached, ...input.appraisal };
  const appraisalBytes = canonicalBytes(appraisal);
  const named: ReleaseHost = {
    label: appraisal.label,
    kem: digestOf(kem.publicKey),
    receiptKey: evidence.receiptKey,
    evidence: digestOf(evidenceBytes),
    endorsements: digestOf(endorsements),
    appraisal: digestOf(appraisalBytes),
  };
  const objects = { evidenceBytes, endorsementsBytes: endorsements, appraisalBytes };
  return { kem, receiptSeed, evidence, appraisal, ...objects, named };
}

function simulatedReport(binding: HostBinding, chipSeed: Uint8Array, measurement: string): SimulatedReport {
  const said = {
    chip: ed25519KeyText(ed25519PublicKey(chipSeed)),
    measurement,
    reportData: toBase64url(hostReportData(binding)),
  };
  const signature = toBase64url(ed25519Sign(simulatedReportMessage(said), chipSeed));
  return { platform: 'simulated', ...said, signature };
}
