import { type PeerCertificate, TLSSocket } from 'node:tls';

/**
 * From here on, Node goes by the `subjectAltName` alone of a server's certificate to see whether it is the host's (RFC
 * 9525): by nothing else that the server sent. Node's own reading of a certificate, which it does of the whole chain
 * before it looks at the names, ends the process with SIGSEGV for a key on a Brainpool curve (24.21). A server that is not
 * the vault's can send such a certificate along with one that any authority has given it.
 */
export function readPeerNamesAlone(): void {
  TLSSocket.prototype.getPeerCertificate = function (this: TLSSocket) {
    const { subjectAltName: subjectaltname } = this.getPeerX509Certificate() ?? {};
    return { ...(subjectaltname === undefined ? {} : { subjectaltname }) } as PeerCertificate;
  } as TLSSocket['getPeerCertificate'];
}
