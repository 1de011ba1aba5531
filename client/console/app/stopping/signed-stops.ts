import { effect, signal } from '@preact/signals';
import { fromUtf8, type Hex, utf8 } from '../../../../src/core/bytes.ts';
import { must } from '../../../../src/core/errors.ts';
import { parseSignedStop, type SignedStop, signedStopBytes } from '../../../../src/core/log/signed-stop.ts';
import { statementDigest } from '../../../../src/core/statement/statement.ts';
import { type OwnCredential, sessionAuthenticator } from '../../../custodian/ceremony.ts';
import { lastResumption, sendSigned, signStop } from '../../../custodian/stop.ts';
import type { StopKit } from '../../../custodian/stop-kit.ts';
import { stopResult } from '../../../custodian/stop-result.ts';
import type { Stopping } from '../../../statements/stop.ts';
import { ceremony, custodian, facts, refresh, status } from '../vault.ts';

/** Milliseconds between two tries to send a waiting stop: far fewer than a key may send in a minute. */
const SEND_EVERY_MS = 10_000;
/**
 * The tab keeps the stops that the vault has not accepted, so that a reload does not lose them. They are not secret.
 */
const UNSENT = 'twinlock-unsent-stops';

/** Stops signed here that the vault has not accepted yet; the page sends them again, or a person carries them. */
export const unsent = signal<readonly SignedStop[]>(keptUnsent());

/** A stop signed here that the vault says it accepted. Only the log of a signed-in custodian confirms it. */
export interface TakenStop {
  readonly signed: SignedStop;
  /** Its effect, by the log at the time of sending; null where no custodian was signed in. */
  readonly result: string | null;
}
/** Shown until the person closes them; a stop of everything is shown by the banner once the log has it. */
export const taken = signal<readonly TakenStop[]>([]);

/** A stop in the log was accepted, even where it reached the vault in another way than through this page. */
effect(() => {
  // Read both first: an effect runs again only for the signals that it has read.
  const recorded = facts.value?.statements;
  const isRecorded = ({ statement }: SignedStop) => recorded?.has(statementDigest(statement)) === true;
  const missing = unsent.peek().filter((signed) => !isRecorded(signed));
  if (missing.length < unsent.peek().length) unsent.value = missing;
  const shown = taken.peek().filter(({ signed }) => signed.statement.what !== 'all' || !isRecorded(signed));
  if (shown.length < taken.peek().length) taken.value = shown;
});
/** False where the browser keeps nothing for this tab; the page sends the stops anyway. */
export const isKeptByTab = signal(true);
effect(() => {
  const texts = unsent.value.map((signed) => fromUtf8(signedStopBytes(signed)));
  try {
    if (texts.length === 0) sessionStorage.removeItem(UNSENT);
    else sessionStorage.setItem(UNSENT, JSON.stringify(texts));
    isKeptByTab.value = true;
  } catch {
    // An error thrown here would prevent the stop from being sent.
    isKeptByTab.value = false;
  }
});

/** Reads the kept stops; discards a malformed value. */
function keptUnsent(): readonly SignedStop[] {
  try {
    const texts: unknown = JSON.parse(sessionStorage.getItem(UNSENT) ?? '[]');
    return Array.isArray(texts) ? texts.map((text) => parseSignedStop(utf8(String(text)))) : [];
  } catch {
    return [];
  }
}

/**
 * Signs a stop with one touch, from what this page knows, without the vault. Where the vault cannot be reached, the page
 * keeps the stop for a person to carry. Returns the stop's digest, which the log uses.
 */
export async function stopNow(stopping: Stopping): Promise<Hex> {
  const [self, known] = [custodian.value, facts.value];
  must(known !== null && self !== null, 'unauthenticated', 'you are not signed in');
  return signAndSend(known.vault, sessionAuthenticator(known, self), stopping, lastResumption(known));
}

/** Stops everything with one touch, from the kit that this workstation keeps, without a session. */
export async function stopWithoutVault(kit: StopKit, own: OwnCredential, reason: string): Promise<Hex> {
  const { vault, rpId, resumption } = kit;
  must(rpId === location.hostname, 'wrong_rp_id', `the vault is ${rpId}, this console serves ${location.hostname}`);
  return signAndSend(vault, own, { what: 'all', reason }, resumption);
}

async function signAndSend(vault: Hex, own: OwnCredential, stopping: Stopping, resumption: Hex | null): Promise<Hex> {
  const signed = await signStop(ceremony, vault, own, stopping, resumption);
  unsent.value = [...unsent.value, signed];
  await sendStop(signed);
  return statementDigest(signed.statement);
}

export async function sendStop(signed: SignedStop): Promise<void> {
  await sendSigned(ceremony.api, signed);
  if (!unsent.value.includes(signed)) return;
  unsent.value = unsent.value.filter((other) => other !== signed);
  const result = facts.value === null ? null : stopResult(facts.value, signed.statement);
  taken.value = [...taken.value, { signed, result }];
  if (signed.statement.what === 'all' && status.value !== null) status.value = { ...status.value, phase: 'stopped' };
  void refresh();
}

/** Discards a stop that the vault refused, when the person who signed it asks for it. */
export function forgetStop(signed: SignedStop): void {
  unsent.value = unsent.value.filter((other) => other !== signed);
}

/** Sends waiting stops again at intervals. A press of a stop's button shows why it was not accepted. */
export function keepSending(): void {
  setInterval(() => void Promise.allSettled(unsent.value.map(sendStop)), SEND_EVERY_MS);
}
