import { equal } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { orNull } from '../../refusal.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import { derOfFile } from '../../x509/der-text.ts';

/**
 * The ASK or ASVK of a file, attacker-controlled: alone, or beside the ARK in either order, as AMD's service and tools
 * write their chain. An ARK issued itself; it is not looked at, for roots are pinned. Nothing is checked but the form.
 * Throws as `derOfFile` and, where the file has one certificate alone, as `parseCertificate`.
 */
export function askOfFile(bytes: Uint8Array): Certificate {
  const [first = bytes, ...more] = derOfFile(bytes, 'CERTIFICATE');
  if (more.length === 0) return parseCertificate(first);
  const chain = [first, ...more].flatMap((der) => orNull(TwinlockError, () => parseCertificate(der)) ?? []);
  const ask = chain.find(({ subject, issuer }) => !equal(subject, issuer));
  must(ask !== undefined, 'malformed', 'expected the ASK or ASVK, which the ARK issued');
  return ask;
}
