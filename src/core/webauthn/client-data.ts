import { fromUtf8, toBase64url } from '../bytes.ts';
import { must } from '../errors.ts';
import { parseJson } from '../json.ts';

/** A browser writes about 150 bytes; room for members that later ones add. */
const MAX_BYTES = 2048;

export interface ClientDataExpectation {
  readonly type: 'webauthn.create' | 'webauthn.get';
  /** 32 bytes. */
  readonly challenge: Uint8Array;
  readonly rpId: string;
}

/**
 * Checks an attacker-controlled clientDataJSON (WebAuthn section 5.8.1) against what it must say.
 *
 * The origin is `http://<rpId>`, with or without a port: the RP ID is a name on loopback, which browsers
 * take for a secure context, and nothing serves https there. A repeated member is refused, since parsers
 * disagree about which one counts. Members that are not named here are ignored, as the standard asks.
 *
 * Throws `too_large`, `malformed`, `wrong_ceremony` (type), `wrong_challenge` or `wrong_origin`
 * (also where crossOrigin is not false, or there is a topOrigin).
 */
export function requireClientData(bytes: Uint8Array, expected: ClientDataExpectation): void {
  const data = parseClientData(bytes);
  must(data['type'] === expected.type, 'wrong_ceremony', `expected client data of type ${expected.type}`);
  must(
    isChallenge(data['challenge'], expected.challenge),
    'wrong_challenge',
    'the challenge is another: it was changed after it was signed, or signed for something else',
  );
  must(isOrigin(data['origin'], expected.rpId), 'wrong_origin', `expected an origin of http://${expected.rpId}`);
  const { crossOrigin } = data;
  must(
    crossOrigin === undefined || crossOrigin === false,
    'wrong_origin',
    'expected crossOrigin to be false or absent',
  );
  must(!Object.hasOwn(data, 'topOrigin'), 'wrong_origin', 'expected no topOrigin');
}

interface ClientData {
  readonly [member: string]: unknown;
  readonly crossOrigin?: unknown;
}

function parseClientData(bytes: Uint8Array): ClientData {
  must(
    bytes.length <= MAX_BYTES,
    'too_large',
    `expected client data of at most ${MAX_BYTES} bytes, got ${bytes.length}`,
  );
  const value = parseJson(fromUtf8(bytes));
  must(value !== null && typeof value === 'object' && !Array.isArray(value), 'malformed', 'expected a JSON object');
  return value as ClientData;
}

function isChallenge(value: unknown, expected: Uint8Array): boolean {
  return value === toBase64url(expected);
}

function isOrigin(value: unknown, rpId: string): boolean {
  if (typeof value !== 'string') return false;
  const host = `http://${rpId}`;
  if (value === host) return true;
  if (!value.startsWith(`${host}:`)) return false;
  const port = value.slice(host.length + 1);
  return /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65535;
}
