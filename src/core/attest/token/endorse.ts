import { utf8 } from '../../bytes.ts';
import type { Find, Needs } from '../kit/wanted.ts';
import type { ServiceEndorsed, ServiceName } from './endorsements.ts';
import type { NrasEvidence, TrustAuthorityReport } from './report.ts';
import { wantedKeySet } from './wanted.ts';

export const TRUST_AUTHORITY_NEEDS: Needs<TrustAuthorityReport, ServiceEndorsed> = {
  files: { keySets: [/^tokens\/intel-trust-authority\.jwks\.json$/] },
  vendors: ['intel-trust-authority'],
  missingMirror: () => null,
  endorse: ({ token }, offered, find) => endorseToken('intel-trust-authority', token, offered, find),
};

export const NRAS_NEEDS: Needs<NrasEvidence, ServiceEndorsed> = {
  files: { keySets: [/^tokens\/nras\.jwks\.json$/] },
  vendors: ['nvidia'],
  missingMirror: () => null,
  endorse: ({ overall }, offered, find) => endorseToken('nras', overall, offered, find),
};

async function endorseToken(
  service: ServiceName,
  token: string,
  offered: ServiceEndorsed,
  find: Find,
): Promise<ServiceEndorsed> {
  const given = offered[service];
  const wanted = wantedKeySet(service, token);
  const jwks = (await find.find(wanted, given === undefined ? null : wanted.parse(utf8(given)))) ?? given;
  return jwks === undefined ? {} : { [service]: jwks };
}
