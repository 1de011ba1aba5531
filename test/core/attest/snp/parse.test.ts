import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSnpReport } from '../../../../src/core/attest/snp/parse.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { snpFields, snpReportBytes, snpTcb, VEK_KEY } from '../../../platforms/snp.ts';
import { publicKeyOf } from '../../x509/certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const report = snpReportBytes(snpFields());
const changed = (bytes: Uint8Array, offset: number, value: number) =>
  bytes.map((byte, i) => (i === offset ? value : byte));
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u8 = fc.integer({ min: 0, max: 255 });
const tcb = fc.record({ bootLoader: u8, tee: u8, snp: u8, microcode: u8 }).map((parts) => snpTcb('Milan', parts));
const fields = fc
  .record({
    version: fc.constantFrom(2, 3, 4, 5),
    guestSvn: u32,
    policy: u64,
    familyId: bytesOf(16),
    imageId: bytesOf(16),
    vmpl: u32,
    signatureAlgorithm: u32,
    platformInfo: u64,
    reportData: bytesOf(64),
    measurement: bytesOf(48),
    hostData: bytesOf(32),
    idKeyDigest: bytesOf(48),
    authorKeyDigest: bytesOf(48),
    reportId: bytesOf(32),
    reportIdMa: bytesOf(32),
    cpuid: fc.record({ family: u8, model: u8, stepping: u8 }),
    chipId: bytesOf(64),
    flags: fc.integer({ min: 0, max: 31 }),
    mitigations: fc.record({ launch: u64, current: u64 }),
    currentTcb: tcb,
    reportedTcb: tcb,
    committedTcb: tcb,
    launchTcb: tcb,
  })
  .map((made) => snpFields('Milan', 'vcek', made));

const tcbBytes = ({ bootLoader, tee, snp, microcode }: ReturnType<typeof snpTcb>) =>
  Uint8Array.of(bootLoader, tee, 0, 0, 0, 0, snp, microcode);

test('every field is read as it was written', () => {
  fc.assert(
    fc.property(fields, (made) => {
      const { product: _, patches: __, flags, cpuid, mitigations, ...same } = made;
      const parsed = parseSnpReport(snpReportBytes(made));
      expect(parsed).toMatchObject({
        ...same,
        currentTcb: tcbBytes(made.currentTcb),
        reportedTcb: tcbBytes(made.reportedTcb),
        committedTcb: tcbBytes(made.committedTcb),
        launchTcb: tcbBytes(made.launchTcb),
        authorKeyEnabled: flags % 2 === 1,
        chipKeyMasked: (flags & 2) === 2,
        signingKey: flags >> 2,
        cpuid: made.version === 2 ? null : cpuid,
        mitigations: made.version === 5 ? mitigations : null,
        currentFirmware: { major: 1, minor: 55, build: 40 },
        committedFirmware: { major: 1, minor: 54, build: 39 },
      });
    }),
    { numRuns: 50 },
  );
});

test('the signature is the claim’s r and s, over what goes before it', () => {
  const { signed: message, signature } = parseSnpReport(report);
  const publicKey = publicKeyOf(VEK_KEY);
  expect(message).toEqual(report.subarray(0, 0x2a0));
  verifyNode({ kind: 'signature', algorithm: 'ES384', publicKey, message, signature, what: 'report' });
});

describe('a report is refused', () => {
  test('at every truncation, and with a byte more', () => {
    for (const length of range(0, report.length)) {
      expect(() => parseSnpReport(report.subarray(0, length))).toThrow(code('malformed'));
    }
    expect(() => parseSnpReport(new Uint8Array([...report, 0]))).toThrow(code('malformed'));
  });

  test.each([0, 1, 6, 0x102, 0xffff_ffff])('of version %i', (version) => {
    expect(() => parseSnpReport(snpReportBytes(snpFields('Milan', 'vcek', { version })))).toThrow(
      code('unsupported_version'),
    );
  });

  /** Offsets that are reserved, by version (AMD 56860, table 23). */
  const reserved = {
    5: [0x49, 0x4a, 0x4b, ...range(0x4c, 0x50), ...range(0x18b, 0x1a0), 0x1eb, 0x1ef, ...range(0x208, 0x2a0)],
    4: [...range(0x18b, 0x1a0), ...range(0x208, 0x2a0)],
    3: [...range(0x18b, 0x1a0), ...range(0x1f8, 0x2a0)],
    2: [...range(0x188, 0x1a0), ...range(0x1f8, 0x2a0)],
  };
  test.each([2, 3, 4, 5] as const)('of version %i, with anything where the specification has zeros', (version) => {
    const made = snpReportBytes(snpFields('Milan', 'vcek', { version }));
    const afterR = range(0x2a0 + 48, 0x2a0 + 72);
    const afterS = range(0x2e8 + 48, 0x4a0);
    for (const offset of [...reserved[version], ...afterR, ...afterS]) {
      const message = expect.stringMatching(/at offset [0-9]+$/);
      const error = expect.objectContaining({ code: 'malformed', message });
      expect(() => parseSnpReport(changed(made, offset, 1)), `offset ${offset}`).toThrow(error);
    }
  });

  test('with reserved flags', () => {
    for (const flag of [5, 6, 7]) {
      expect(() => parseSnpReport(changed(report, 0x48, 1 << flag))).toThrow(code('malformed'));
    }
  });
});
