import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { MAX_APPRAISAL_BYTES, parseAppraisal } from '../../../src/core/attest/appraisal.ts';
import { type AppraisalClaim, appraise, dischargeAppraisal } from '../../../src/core/attest/appraise.ts';
import { endorsementsBytes, NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import {
  type Evidence,
  hostNonce,
  hostReportData,
  MAX_EVIDENCE_BYTES,
  parseEvidence,
} from '../../../src/core/attest/evidence.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { requestDigest } from '../../../src/core/attest/request.ts';
import { type SimulatedReport, simulatedReportMessage } from '../../../src/core/attest/simulated/report.ts';
import { toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { kemKeyPairFromSeed } from '../../../src/core/envelope/xwing.ts';
import { ed25519KeyText } from '../../../src/core/signature/key-text.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { MEASUREMENT, POLICY } from '../../world/founding.ts';
import type { Host } from '../../world/host.ts';
import { publishedWorld } from '../../world/world.ts';

const { world, deposit } = await publishedWorld();
const asked = await world.ask(deposit);
const [host] = asked.hosts as readonly [Host];
const { evidence, evidenceBytes, endorsementsBytes: endorsements } = host;
const { referenceValues } = POLICY;
const INSTANT = host.appraisal.instant;
const OTHER = '77'.repeat(32);
const CHIP = new Uint8Array(32).fill(3);
const code = (name: string) => expect.objectContaining({ code: name });

const reach = (bytes: Uint8Array, values = referenceValues) =>
  appraise({ evidence: bytes, endorsements, referenceValues: values, instantMs: INSTANT }, verifyNode);
const images = (...measurements: string[]): ReferenceValues => ({
  ...NO_REFERENCE_VALUES,
  simulated: { platform: 'simulated', measurements },
});

/** The rules that evidence breaks. */
async function broken(changed: object, values = referenceValues): Promise<string[]> {
  const { rules, verdict } = await reach(canonicalBytes(changed), values);
  const failed = rules.filter((rule) => !rule.pass).map(({ rule }) => rule);
  expect(verdict).toBe(failed.length === 0 ? 'pass' : 'fail');
  expect(rules.map(({ rule }) => rule)).toEqual([
    'simulated.signature',
    'simulated.report-data',
    ...(values.simulated === undefined ? [] : ['simulated.measurement']),
    'composite.cpu',
    'composite.cpu-values',
    'composite.gpu-values',
    'composite.gpus',
    'composite.switches',
    'composite.revoked',
  ]);
  return failed;
}

/** Evidence with any report, which our own chip has signed. */
function reported(changes: Partial<SimulatedReport>, binding: Partial<Evidence> = {}): Evidence {
  const bound = { ...evidence, ...binding };
  const said = {
    chip: ed25519KeyText(ed25519.getPublicKey(CHIP)),
    measurement: MEASUREMENT,
    reportData: toBase64url(hostReportData(bound)),
    ...changes,
  };
  const signature = toBase64url(ed25519.sign(simulatedReportMessage(said), CHIP));
  return { ...bound, report: { platform: 'simulated', ...said, signature } };
}

describe('an appraisal', () => {
  test('is the same bytes for everyone who computes it', async () => {
    const [one, two] = [await reach(evidenceBytes), await reach(evidenceBytes)];
    expect(canonicalBytes(one)).toEqual(canonicalBytes(two));
    expect(canonicalBytes(one)).toEqual(host.appraisalBytes);
    expect(parseAppraisal(canonicalBytes(one))).toEqual({ appraisal: one, digest: digestOf(canonicalBytes(one)) });
  });

  test('passes, and says what it rests on', async () => {
    expect(await broken(evidence)).toEqual([]);
    expect(await reach(evidenceBytes)).toMatchObject({
      platform: 'simulated',
      instant: INSTANT,
      evidence: digestOf(evidenceBytes),
      endorsements: digestOf(endorsements),
      referenceValues: digestOf(canonicalBytes(referenceValues)),
      verdict: 'pass',
    });
  });

  test('takes the label from the chip’s key, not from the host', async () => {
    const { label, claims } = await reach(canonicalBytes(reported({})));
    expect(label).toBe(`simulated-${toHex(ed25519.getPublicKey(CHIP)).slice(0, 16)}`);
    expect(claims['simulated.chip']).toBe(toHex(ed25519.getPublicKey(CHIP)));
  });

  test('is another at another instant and under other reference values', async () => {
    const input = { evidence: evidenceBytes, endorsements, referenceValues, instantMs: INSTANT + 1 };
    expect(await appraise(input, verifyNode)).toEqual({ ...(await reach(evidenceBytes)), instant: INSTANT + 1 });
    const values = images(OTHER, MEASUREMENT);
    expect((await reach(evidenceBytes, values)).referenceValues).not.toBe((await reach(evidenceBytes)).referenceValues);
  });

  test('is the same with every verifier', async () => {
    const changed = canonicalBytes({ ...evidence, report: { ...evidence.report, measurement: OTHER } });
    for (const bytes of [evidenceBytes, changed]) {
      const input = { evidence: bytes, endorsements, referenceValues, instantMs: INSTANT };
      const reached = await reach(bytes);
      for (const verify of [verifyWeb, verifyReference]) expect(await appraise(input, verify)).toEqual(reached);
    }
  });

  test('that somebody names is discharged by reaching the same', async () => {
    const input = { evidence: evidenceBytes, endorsements, referenceValues, instantMs: INSTANT };
    const claim: AppraisalClaim = { kind: 'appraisal', ...input, expected: digestOf(host.appraisalBytes) };
    expect(await dischargeAppraisal(claim, verifyNode)).toEqual(host.appraisal);
    const others = { ...NO_ENDORSEMENTS, nras: '{}' };
    for (const change of [
      { expected: OTHER },
      { instantMs: INSTANT + 1 },
      { referenceValues: NO_REFERENCE_VALUES },
      { endorsements: endorsementsBytes(others) },
    ]) {
      const other = dischargeAppraisal({ ...claim, ...change }, verifyNode);
      await expect(other).rejects.toThrow(code('appraisal_mismatch'));
    }
  });
});

describe('simulated evidence breaks', () => {
  test('its signature, by a changed measurement', async () => {
    const changed = { ...evidence, report: { ...evidence.report, measurement: OTHER } };
    expect(await broken(changed)).toEqual(['simulated.signature', 'simulated.measurement']);
  });
  test('its signature, by another chip’s key', async () => {
    const chip = ed25519KeyText(ed25519.getPublicKey(CHIP));
    expect(await broken({ ...evidence, report: { ...evidence.report, chip } })).toEqual(['simulated.signature']);
  });
  test('its signature, by a key of small order, for which anybody can sign', async () => {
    const chip = ed25519KeyText(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)));
    const { rules } = await reach(canonicalBytes({ ...evidence, report: { ...evidence.report, chip } }));
    expect(rules[0]).toMatchObject({ rule: 'simulated.signature', got: 'invalid_key', pass: false });
  });
  test('its measurement, by an image that is not listed', async () => {
    expect(await broken(reported({ measurement: OTHER }))).toEqual(['simulated.measurement']);
  });
  test('its measurement, where the list is empty or there is none: everybody is refused', async () => {
    expect(await broken(evidence, images())).toEqual(['simulated.measurement']);
    expect(await broken(evidence, NO_REFERENCE_VALUES)).toEqual(['composite.cpu-values']);
  });
  test('its report data, by a report made for something else', async () => {
    const reportData = toBase64url(new Uint8Array(64));
    expect(await broken(reported({ reportData }))).toEqual(['simulated.report-data']);
  });

  const others: Partial<Evidence> = {
    vault: OTHER,
    request: { ...evidence.request, model: 'acme/other' },
    checkpoint: { ...evidence.checkpoint, root: OTHER },
    random: OTHER,
    kem: toBase64url(kemKeyPairFromSeed(new Uint8Array(32)).publicKey),
    receiptKey: ed25519KeyText(ed25519.getPublicKey(CHIP)),
  };
  test.each(Object.keys(others))('its report data, by another %s than the report binds', async (field) => {
    const changed = { ...evidence, [field]: others[field as keyof Evidence] };
    expect(await broken(changed)).toEqual(['simulated.report-data']);
  });
  test.each(['origin', 'size'])('its report data, by another %s of the checkpoint', async (field) => {
    const checkpoint = { ...evidence.checkpoint, [field]: field === 'size' ? 99 : 'another' };
    expect(await broken({ ...evidence, checkpoint })).toEqual(['simulated.report-data']);
  });
});

test.each([
  ['a KEM key that cannot be sealed to', { kem: toBase64url(new Uint8Array(1216)) }],
  ['a receipt key for which anybody can sign', { receiptKey: ed25519KeyText(new Uint8Array(32)) }],
])('%s is turned away before it is appraised', async (_what, changes) => {
  await expect(reach(canonicalBytes(reported({}, changes)))).rejects.toThrow(code('invalid_key'));
});

test('the nonce differs with everything that it is made of', () => {
  const { checkpoint } = evidence;
  const made = [
    evidence,
    { ...evidence, vault: OTHER },
    { ...evidence, random: OTHER },
    { ...evidence, request: { ...evidence.request, nonce: OTHER } },
    { ...evidence, checkpoint: { ...checkpoint, origin: 'x' } },
    { ...evidence, checkpoint: { ...checkpoint, size: 99 } },
    { ...evidence, checkpoint: { ...checkpoint, root: OTHER } },
  ];
  expect(new Set(made.map((one) => toHex(hostNonce(one)))).size).toBe(made.length);
  expect(requestDigest(evidence.request)).toBe(asked.statement.request);
});

describe('evidence', () => {
  test('is read as it was written', () => {
    expect(parseEvidence(evidenceBytes)).toEqual({ evidence, digest: digestOf(evidenceBytes) });
  });

  test('of more than 1 MiB is refused before it is read', async () => {
    const large = new Uint8Array(MAX_EVIDENCE_BYTES + 1);
    expect(() => parseEvidence(large)).toThrow(code('too_large'));
    await expect(reach(large)).rejects.toThrow(code('too_large'));
  });

  test('is refused at every truncation', () => {
    for (let length = 0; length < evidenceBytes.length; length++) {
      expect(() => parseEvidence(evidenceBytes.subarray(0, length))).toThrow(code('malformed'));
    }
  });

  test('is refused, or appraised to fail, or is other evidence, with any byte flipped', async () => {
    for (let at = 0; at < evidenceBytes.length; at += 29) {
      const flipped = evidenceBytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
      try {
        expect((await reach(flipped)).verdict, `byte ${at}`).toBe('fail');
      } catch (error) {
        expect(['malformed', 'not_canonical', 'invalid_key']).toContain((error as { code: string }).code);
      }
    }
  });

  test.each([
    ['another version', { ...evidence, v: 2 }],
    ['another kind', { ...evidence, kind: 'request' }],
    ['a member that is not known', { ...evidence, note: 'x' }],
    ['GPU evidence of no kind', { ...evidence, gpu: {} }],
    ['a platform that is not known', { ...evidence, report: { ...evidence.report, platform: 'sev-snp' } }],
    ['a KEM key of another length', { ...evidence, kem: toBase64url(new Uint8Array(1215)) }],
    ['report data of another length', { ...evidence, report: { ...evidence.report, reportData: 'AA' } }],
    ['a checkpoint of the empty log', { ...evidence, checkpoint: { ...evidence.checkpoint, size: 0 } }],
    ['more hosts than a release may have', { ...evidence, request: { ...evidence.request, hosts: 65 } }],
    ['a request without a nonce', { ...evidence, request: { ...evidence.request, nonce: undefined } }],
  ])('with %s is refused', (_what, changed) => {
    expect(() => parseEvidence(canonicalBytes(changed))).toThrow(code('malformed'));
  });
});

describe('an appraisal document', () => {
  const { appraisal } = host;
  test.each([
    ['another verdict', { ...appraisal, verdict: 'maybe' }],
    ['a platform that is not known', { ...appraisal, platform: 'trust-me' }],
    ['a rule whose name is no name', { ...appraisal, rules: [{ ...appraisal.rules[0], rule: 'A b' }] }],
    ['a rule without a result', { ...appraisal, rules: [{ rule: 'a', expected: '', got: '' }] }],
    ['a deceptive label', { ...appraisal, label: 'good\u202e' }],
    ['more rules than any evidence has', { ...appraisal, rules: Array(1025).fill(appraisal.rules[0]) }],
    ['rules without end', { ...appraisal, rules: Array(200_000).fill(0) }],
    ['a claim longer than any is shown', { ...appraisal, claims: { a: 'a'.repeat(2049) } }],
    [
      'claims without end',
      { ...appraisal, claims: Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [i, 0])) },
    ],
    ['a member that is not known', { ...appraisal, override: true }],
  ])('with %s is refused', (_what, changed) => {
    expect(() => parseAppraisal(canonicalBytes(changed))).toThrow(code('malformed'));
  });
  test('is refused when it is too large or not canonical', () => {
    expect(() => parseAppraisal(new Uint8Array(MAX_APPRAISAL_BYTES + 1))).toThrow(code('too_large'));
    expect(() => parseAppraisal(utf8(JSON.stringify(appraisal)))).toThrow(code('not_canonical'));
  });
  test('with a claim called __proto__, which is lost when it is written again, is refused', () => {
    const claims = JSON.parse('{"__proto__":"a"}');
    expect(() => parseAppraisal(canonicalBytes({ ...appraisal, claims }))).toThrow(code('not_canonical'));
  });
});
