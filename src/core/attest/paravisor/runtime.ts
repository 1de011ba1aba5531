import * as z from 'zod/mini';
import { fromBase64url, fromUtf8 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import { requireKeyOfFamily } from '../../signature/precheck.ts';
import { rsaSpki } from '../../signature/spki.ts';
import type { CertifiedKey } from '../../x509/certificate.ts';

/** The id of the attestation key that the paravisor's vTPM quotes with. */
const AK_ID = 'HCLAkPub';

/** What is read of it: paravisors add members, and the hash is over all of them. */
const runtimeSchema = z.object({
  keys: z.array(z.looseObject({ kid: z.optional(z.unknown()) })).check(z.maxLength(8)),
  'vm-configuration': z.optional(
    z.object({
      'console-enabled': z.optional(z.boolean()),
      'secure-boot': z.optional(z.boolean()),
      vmUniqueId: z.optional(z.string().check(z.regex(/^[0-9A-Fa-f-]{36}$/, 'expected a UUID'))),
    }),
  ),
});
const akSchema = z.object({
  kty: z.literal('RSA'),
  key_ops: z.tuple([z.literal('sign')]),
  e: z.string().check(z.maxLength(8)),
  n: z.string().check(z.maxLength(684)),
});

/** What a paravisor says about the machine that it made. */
export interface Runtime {
  readonly key: CertifiedKey;
  /** Whether the host's operator may reach the machine's console. Each null where it is not said. */
  readonly consoleEnabled: boolean | null;
  readonly secureBoot: boolean | null;
  /** A UUID. */
  readonly machine: string | null;
}

/**
 * Parses the attacker-controlled runtime JSON of an Azure confidential VM, whose SHA-256 the hardware report
 * carries: the one RSA key `HCLAkPub`, for signing only. Throws `malformed` or `invalid_key`.
 */
export function parseRuntime(bytes: Uint8Array): Runtime {
  const runtime = parseAs(runtimeSchema, parseJson(fromUtf8(bytes)), 'runtime');
  const [entry, ...more] = runtime.keys.filter(({ kid }) => kid === AK_ID);
  must(entry !== undefined && more.length === 0, 'malformed', `runtime: expected one key ${AK_ID}`);
  const { n, e } = parseAs(akSchema, entry, `runtime key ${AK_ID}`);
  const [modulus, exponent] = [fromBase64url(n), fromBase64url(e)];
  const isShortest = (modulus[0] ?? 0) !== 0 && (exponent[0] ?? 0) !== 0;
  must(isShortest, 'malformed', `runtime key ${AK_ID}: expected n and e without leading zeros`);
  const publicKey = rsaSpki(modulus, exponent);
  requireKeyOfFamily('RSA', publicKey);
  const configuration = runtime['vm-configuration'];
  return {
    key: { family: 'RSA', publicKey },
    consoleEnabled: configuration?.['console-enabled'] ?? null,
    secureBoot: configuration?.['secure-boot'] ?? null,
    machine: configuration?.vmUniqueId ?? null,
  };
}
