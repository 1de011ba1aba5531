import { sha256 } from '@noble/hashes/sha2.js';
import { fromBase64url, type Hex, toHex } from '../../bytes.ts';
import { type CertifiedKey, parseSubjectPublicKeyInfo } from '../../x509/certificate.ts';
import { parseRuntime, type Runtime } from '../paravisor/runtime.ts';
import type { TpmIdentity } from './report.ts';
import { parseTpm2bPublic, type TpmKey } from './tpm2b-public.ts';

/** The key that quotes, as evidence presents it: nothing here says that it is a TPM's. */
export interface AttestationKey {
  readonly key: CertifiedKey;
  /** Null for a key that comes without its public area. */
  readonly area: TpmKey | null;
  /** The runtime data of a paravisor's key. */
  readonly runtime: (Runtime & { readonly digest: Hex }) | null;
}

/** Parses the key of attacker-controlled evidence. Throws `malformed`, `unsupported_algorithm` or `invalid_key`. */
export function parseAttestationKey(identity: TpmIdentity): AttestationKey {
  switch (identity.kind) {
    case 'certificate':
    case 'activated': {
      const area = parseTpm2bPublic(fromBase64url(identity.key));
      return { key: area.key, area, runtime: null };
    }
    case 'runtime': {
      const bytes = fromBase64url(identity.runtime);
      const runtime = parseRuntime(bytes);
      return { key: runtime.key, area: null, runtime: { ...runtime, digest: toHex(sha256(bytes)) } };
    }
    case 'self-asserted':
      return { key: parseSubjectPublicKeyInfo(fromBase64url(identity.key)), area: null, runtime: null };
  }
}
