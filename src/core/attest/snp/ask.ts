import { equal } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { orNull } from '../../refusal.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import { derOfFile } from '../../x509/der-text.ts';
import { commonName } from '../../x509/name.ts';
import type { Vek } from './vek.ts';

/** The common name of the authority below the ARK that issues such a VEK: of the ASK for a VCEK, of the ASVK for a VLEK. */
export function askName({ signer, product }: Pick<Vek, 'signer' | 'product'>): string {
  return `SEV-${signer === 'vlek' ? 'VLEK-' : ''}${product}`;
}

/**
 * The ASK or ASVK of a file, attacker-controlled: alone, or among others in any order, as AMD's service and tools
 * write their chain, some with the VEK. It is the first certificate of the common name `name`. Where `name` is null or
 * none has it, it is the first that did not issue itself, so that a rule can say what is wrong with it. An ARK is not
 * looked at, for roots are pinned. Nothing is checked but the form.
 * Throws as `derOfFile` and, where the file has one certificate alone, as `parseCertificate`; `malformed` where all
 * issued themselves.
 */
export function askOfFile(bytes: Uint8Array, name: string | null): Certificate {
  const [first = bytes, ...more] = derOfFile(bytes, 'CERTIFICATE');
  if (more.length === 0) return parseCertificate(first);
  const chain = [first, ...more].flatMap((der) => orNull(TwinlockError, () => parseCertificate(der)) ?? []);
  const named = chain.find((one) => name !== null && orNull(TwinlockError, () => commonName(one)) === name);
  const ask = named ?? chain.find(({ subject, issuer }) => !equal(subject, issuer));
  must(ask !== undefined, 'malformed', 'expected the ASK or ASVK, which the ARK issued');
  return ask;
}
