import { toHex } from '../../bytes.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { type Crl, parseCrl } from '../../x509/crl.ts';
import { oneDerOfFile } from '../../x509/der-text.ts';
import { commonName } from '../../x509/name.ts';
import { crlDates, parsedOrNull, type Wanted } from '../kit/wanted.ts';
import { askName, askOfFile } from './ask.ts';
import type { SnpNeeds } from './needs.ts';
import { componentsOf, type SnpProduct, tcbText } from './tcb.ts';
import { parseVek, type Vek } from './vek.ts';

/** AMD's Key Distribution Service (AMD 57230 section 4) below `vcek/v1` and `vlek/v1`. */
const pathOf = ({ signer }: SnpNeeds, product: SnpProduct) => `${signer}/v1/${product}`;
/** How its queries name the components, in its order. */
const QUERY: Readonly<Record<string, string>> = {
  fmc: 'fmcSPL',
  bl: 'blSPL',
  tee: 'teeSPL',
  snp: 'snpSPL',
  ucode: 'ucodeSPL',
};

/** The VEK of this chip (or, for a VLEK, of the cloud) at this firmware. Only the cloud gives out VLEKs. */
export function wantedVek(needs: SnpNeeds, product: SnpProduct): Wanted<Vek> {
  const svns = componentsOf(needs.reportedTcb);
  const tcb = svns.map(([, svn]) => svn).join('-');
  const isVcek = needs.signer === 'vcek';
  const file = isVcek ? `snp/${product}/${needs.chipId}/${tcb}.der` : `snp/${product}/vlek-${tcb}.der`;
  const query = svns.map(([name, svn]) => `${QUERY[name]}=${String(svn).padStart(2, '0')}`).join('&');
  return {
    what: `the ${needs.signer.toUpperCase()} of ${product} at ${tcbText(needs.reportedTcb)}`,
    files: [file],
    question: file,
    isReissued: false,
    asks: isVcek ? [{ vendor: 'amd', path: `${pathOf(needs, product)}/${needs.chipId}?${query}` }] : [],
    fileOf: ({ bytes }) => bytes,
    parse(bytes) {
      const vek = parsedOrNull(() => parseVek(oneDerOfFile(bytes, 'CERTIFICATE')));
      const isRight =
        vek !== null &&
        vek.signer === needs.signer &&
        vek.product === product &&
        (vek.hwid === null || toHex(vek.hwid) === needs.chipId) &&
        tcbText(vek.tcb) === tcbText(needs.reportedTcb);
      return isRight ? vek : null;
    },
    dates: ({ certificate }) => ({ edition: 0, issuedMs: 0, endsMs: certificate.notAfterMs }),
  };
}

/**
 * The authority below the ARK: ASK, or ASVK for a VLEK; found by its name in a chain in any order, with or without the
 * VEK.
 */
export function wantedAsk(needs: SnpNeeds, product: SnpProduct): Wanted<Certificate> {
  const name = askName({ signer: needs.signer, product });
  const file = `snp/${product}/${needs.signer}-chain.pem`;
  return {
    what: `the certificate of ${name}`,
    files: [file],
    question: file,
    isReissued: false,
    asks: [{ vendor: 'amd', path: `${pathOf(needs, product)}/cert_chain` }],
    fileOf: ({ bytes }) => bytes,
    parse(bytes) {
      const ask = parsedOrNull(() => askOfFile(bytes, name));
      return ask !== null && commonName(ask) === name ? ask : null;
    },
    dates: ({ notAfterMs }) => ({ edition: 0, issuedMs: 0, endsMs: notAfterMs }),
  };
}

/** Names the list of certificates that the ARK revoked. */
export function wantedCrl(needs: SnpNeeds, product: SnpProduct): Wanted<Crl> {
  const file = `snp/${product}/${needs.signer}.crl`;
  return {
    what: `the list of what ARK-${product} revoked`,
    files: [file],
    question: file,
    isReissued: true,
    asks: [{ vendor: 'amd', path: `${pathOf(needs, product)}/crl` }],
    fileOf: ({ bytes }) => bytes,
    parse: (bytes) => parsedOrNull(() => parseCrl(oneDerOfFile(bytes, 'X509 CRL'))),
    dates: crlDates,
  };
}
