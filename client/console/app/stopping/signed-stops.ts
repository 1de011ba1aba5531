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

/** How often a stop that waits is sent: far below what a key may send in a minute. */
const SEND_EVERY_MS = 10_000;
/** The tab keeps what the vault has not taken, so that a reload does not lose it. Nothing in it is secret. */
const UNSENT = 'twinlock-unsent-stops';

/** Signed here, and not taken by the vault yet: to be sent again, or carried to it. */
export const unsent = signal<readonly SignedStop[]>(keptUnsent());

/** A stop that was signed here and taken: the vault's word, until the log of somebody who is signed in has it. */
export interface TakenStop {
  readonly signed: SignedStop;
  /** What it has done, by the log as it was when it was sent; null where nobody was signed in. */
  readonly result: string | null;
}
/** Until the person closes them; a stop of everything says the banner once the log has it. */
export const taken = signal<readonly TakenStop[]>([]);

/** A stop that the log holds has been taken, also where it reached the vault by another way than this page. */
effect(() => {
  // Read first: an effect runs again for what it has read, also where no stop waits yet.
  const recorded = facts.value?.statements;
  const isRecorded = ({ statement }: SignedStop) => recorded?.has(statementDigest(statement)) === true;
  const missing = unsent.peek().filter((signed) => !isRecorded(signed));
  if (missing.length < unsent.peek().length) unsent.value = missing;
  const shown = taken.peek().filter(({ signed }) => signed.statement.what !== 'all' || !isRecorded(signed));
  if (shown.length < taken.peek().length) taken.value = shown;
});
/** False where the browser keeps nothing for this tab: the stops are sent all the same. */
export const isKeptByTab = signal(true);
effect(() => {
  const texts = unsent.value.map((signed) => fromUtf8(signedStopBytes(signed)));
  try {
    if (texts.length === 0) sessionStorage.removeItem(UNSENT);
    else sessionStorage.setItem(UNSENT, JSON.stringify(texts));
    isKeptByTab.value = true;
  } catch {
    // Thrown here, it would keep the stop from being sent.
    isKeptByTab.value = false;
  }
});

/** What is not as this page writes it is forgotten. */
function keptUnsent(): readonly SignedStop[] {
  try {
    const texts: unknown = JSON.parse(sessionStorage.getItem(UNSENT) ?? '[]');
    return Array.isArray(texts) ? texts.map((text) => parseSignedStop(utf8(String(text)))) : [];
  } catch {
    return [];
  }
}

/**
 * Stops with one touch, over what this page knows: the vault is asked for nothing before, and where it cannot be
 * reached, the stop is kept to be carried. Returns its digest, by which the log has it.
 */
export async function stopNow(stopping: Stopping): Promise<Hex> {
  const [self, known] = [custodian.value, facts.value];
  must(known !== null && self !== null, 'unauthenticated', 'you are not signed in');
  return signAndSend(known.vault, sessionAuthenticator(known, self), stopping, lastResumption(known));
}

/** Stops everything with one touch and what this workstation has kept, without a session. */
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

/** What the vault has refused: the person who signed it gives it up. */
export function forgetStop(signed: SignedStop): void {
  unsent.value = unsent.value.filter((other) => other !== signed);
}

/** Stops that wait reach the vault as soon as it answers. Why one does not, a press of its button says. */
export function keepSending(): void {
  setInterval(() => void Promise.allSettled(unsent.value.map(sendStop)), SEND_EVERY_MS);
}
