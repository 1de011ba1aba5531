import { fromBase64url } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { PlatformInput } from '../kit/platform.ts';
import type { ServiceEndorsed, ServiceName } from './endorsements.ts';
import { findKey, type KeyTrust, type ParsedKeySet, parseKeySet, requireTrusted, type ServiceKey } from './jwks.ts';
import type { TokenAlgorithm } from './jws.ts';
import type { ServiceReferenceValues } from './reference-values.ts';

/** An attestation service: what its tokens are signed with, and what they say of who made them. */
export interface AttestationService {
  readonly name: ServiceName;
  readonly algorithm: TokenAlgorithm;
  /** The `iss` of its public instance, for authenticity alone; reference values name their own. */
  readonly issuer: string;
}

/** What the keys are looked for in, and trusted by; without reference values, none is. */
type KeyMeasure = Omit<PlatformInput<unknown, ServiceReferenceValues, ServiceEndorsed>, 'report' | 'expectedData'>;

/**
 * The keys of a service for the tokens of one appraisal. The sender chooses how large the key set is and how many
 * tokens name a key of it, so the set is parsed once, and each key found and trusted once, refusals included.
 */
export class ServiceKeys {
  readonly service: AttestationService;
  readonly #measure: KeyMeasure;
  readonly #trust: KeyTrust;
  #keySet: Promise<ParsedKeySet> | null = null;
  readonly #found: Map<string, Promise<ServiceKey>> = new Map();
  readonly #trusted: Map<string, Promise<string>> = new Map();

  constructor(service: AttestationService, measure: KeyMeasure) {
    this.service = service;
    this.#measure = measure;
    const { anchors, keys } = measure.referenceValues ?? { anchors: [], keys: [] };
    this.#trust = { anchors: anchors.map(fromBase64url), keys };
  }

  /** Throws as `findKey`, and `endorsement_missing` where there is no key set of the service. */
  find(kid: string): Promise<ServiceKey> {
    return once(this.#found, kid, async () => {
      this.#keySet ??= openKeySet(this.service, this.#measure);
      return findKey(await this.#keySet, kid, this.service.algorithm);
    });
  }

  /** Why the key counts. Throws as `find` and `requireTrusted`. */
  trust(kid: string): Promise<string> {
    return once(this.#trusted, kid, async () => requireTrusted(await this.find(kid), this.#trust, this.#measure));
  }
}

async function openKeySet({ name }: AttestationService, { endorsements }: KeyMeasure): Promise<ParsedKeySet> {
  const keySet = endorsements[name];
  must(keySet !== undefined, 'endorsement_missing', `expected the key set of ${name}`);
  return parseKeySet(keySet);
}

function once<T>(known: Map<string, Promise<T>>, name: string, work: () => Promise<T>): Promise<T> {
  const result = known.get(name) ?? work();
  known.set(name, result);
  return result;
}
