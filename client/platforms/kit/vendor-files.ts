import { toBase64url } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { derOfFile } from '../../../src/core/x509/der-text.ts';

/** A file of a vendor's tool that the command line takes. */
export interface VendorFile {
  /** `--snp-report <file>`. */
  readonly flag: string;
  /** Its help text. */
  readonly about: string;
  /** Whether it holds what a vendor says of evidence, and not evidence. */
  readonly endorses: boolean;
}
/** By the name that the command line's parser gives the flag. A report's own file is the first. */
export type VendorFiles = Readonly<Record<string, VendorFile>>;

/** The bytes of a file, by its name; null where it was not given. */
export type FilesGiven = (name: string) => Uint8Array | null;

export const evidenceFile = (flag: string, about: string): VendorFile => ({ flag, about, endorses: false });
export const endorsingFile = (flag: string, about: string): VendorFile => ({ flag, about, endorses: true });

/** What `work` returns; an error of parsing names in its detail the `flag` whose file it is of. */
export function ofFlag<T>(flag: string, work: () => T, hint = ''): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    throw new TwinlockError(error.code, `${error.message}${hint}`, { ...error.detail, flag }, { cause: error });
  }
}

/** The certificates of a file, in DER. */
export function certificatesOf(bytes: Uint8Array): string[] {
  return derOfFile(bytes, 'CERTIFICATE').map(toBase64url);
}
