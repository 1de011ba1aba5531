import * as z from 'zod/mini';
import { MAX_DEVICES, type SpdmEvidence } from '../../src/core/attest/nvidia/evidence.ts';
import { fromBase64, fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import { parseAs } from '../../src/core/schema.ts';
import { derOfPem } from '../../src/core/x509/pem.ts';

/** The message and the chain in PEM, each in base64. Other members come and go with versions of the tool. */
const evidences = z
  .array(z.object({ evidence: z.string(), certificate: z.string() }))
  .check(z.minLength(1), z.maxLength(MAX_DEVICES));

/** The output of `nvattest collect-evidence --format json`. */
const output = z.object({ result_code: z.literal(0), evidences });

/** The list alone, as the tool reads it again, or with what is printed around it. */
const listed = z.union([evidences, z.object({ result_code: z.optional(z.literal(0)), evidences })]);

type Devices = SpdmEvidence['devices'];

/** The devices of what the tool printed. Throws `malformed`, for a failure that it reports too. */
export function devicesPrinted(json: unknown, what: string): Devices {
  return devicesOf(parseAs(output, json, what).evidences);
}

/** The devices of a file that was kept of it. Throws `malformed`. */
export function devicesKept(json: unknown, what: string): Devices {
  const list = parseAs(listed, json, what);
  return devicesOf('evidences' in list ? list.evidences : list);
}

/** Whether JSON is meant to be such a file. */
export function isNvattest(json: unknown): boolean {
  return Array.isArray(json) || (typeof json === 'object' && json !== null && 'evidences' in json);
}

function devicesOf(list: z.infer<typeof evidences>): Devices {
  return list.map(({ evidence, certificate }) => ({
    spdm: toBase64url(fromBase64(evidence)),
    chain: derOfPem(fromUtf8(fromBase64(certificate)), 'CERTIFICATE').map(toBase64url),
  }));
}
