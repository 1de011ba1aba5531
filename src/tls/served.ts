import type { Server } from 'node:tls';
import type { TlsFiles } from './files.ts';

/**
 * The certificate and key that servers use, renewed while they run: programs that renew certificates replace the files.
 */
export class ServedTls {
  readonly #read: () => TlsFiles;
  readonly #servers: readonly Pick<Server, 'setSecureContext'>[];
  #served: TlsFiles;

  /** `served` is what the servers have now; `read` reads it anew, and throws where it is no pair. */
  constructor(read: () => TlsFiles, served: TlsFiles, servers: readonly Pick<Server, 'setSecureContext'>[]) {
    this.#read = read;
    this.#served = served;
    this.#servers = servers;
  }

  /** The certificate and key for new connections. */
  get served(): TlsFiles {
    return this.#served;
  }

  /**
   * Reads both files. Where they are others than what is served, new connections get them, and those there are keep
   * theirs. Returns them, or null where nothing is new. Throws as `readTls`, and what was served is served on: of a
   * renewal that is half done, a key is not its certificate's.
   */
  renew(): TlsFiles | null {
    const found = this.#read();
    if (found.key === this.#served.key && found.cert === this.#served.cert) return null;
    for (const server of this.#servers) server.setSecureContext({ ...found, minVersion: 'TLSv1.3' });
    this.#served = found;
    return found;
  }
}
