import {
  type EndorsementFile,
  listEndorsements,
  readEndorsement,
  removeEndorsement,
  writeEndorsement,
} from './folder.ts';

/**
 * A few fleets' worth. A host makes up the TCB that a report says it has, and a vendor has a certificate of its
 * chip for each.
 */
const MAX_CERTIFICATES = 4096;
/** Of chips. Of all else there are only as many as vendors have products, and lists are not for hosts to push out. */
const CERTIFICATE = /\.der$/;

/** Where answers of mirrors are kept: a folder of its own, of one process. */
export class Cache {
  readonly #folder: string;
  /** Files, the oldest first; null before the folder was looked through. */
  #certificates: Promise<Set<string>> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(file: string): Promise<EndorsementFile | null> {
    return readEndorsement(this.#folder, file);
  }

  /** Where there are too many certificates, the oldest goes: it can be asked for again. */
  async write(file: string, bytes: Uint8Array, nowMs: number): Promise<void> {
    await writeEndorsement(this.#folder, file, bytes, nowMs);
    if (!CERTIFICATE.test(file)) return;
    this.#certificates ??= this.#list();
    const certificates = await this.#certificates;
    certificates.delete(file);
    certificates.add(file);
    for (const oldest of [...certificates].slice(0, -MAX_CERTIFICATES)) {
      certificates.delete(oldest);
      await removeEndorsement(this.#folder, oldest);
    }
  }

  async #list(): Promise<Set<string>> {
    try {
      const files = (await listEndorsements(this.#folder)).filter(({ file }) => CERTIFICATE.test(file));
      return new Set(files.toSorted((a, b) => a.modifiedMs - b.modifiedMs).map(({ file }) => file));
    } catch (error) {
      this.#certificates = null;
      throw error;
    }
  }
}
