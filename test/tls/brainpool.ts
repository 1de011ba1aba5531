import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Tests of other curves than those of Web Cryptography are skipped where it is not there. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A self-signed certificate with a key on a Brainpool curve, and the key: both PEM. `subject` is written as `/CN=name`. */
export function makeBrainpool(subject: string): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'twinlock-brainpool-'));
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1', '-nodes'];
    const files = ['-keyout', 'key', '-out', 'cert', '-subj', subject, '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files], { cwd: folder, stdio: 'pipe' });
    return { cert: readFileSync(join(folder, 'cert'), 'utf8'), key: readFileSync(join(folder, 'key'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
