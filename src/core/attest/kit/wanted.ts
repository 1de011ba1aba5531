import { TwinlockError } from '../../errors.ts';
import { orNull as orNullOf } from '../../refusal.ts';
import type { Crl } from '../../x509/crl.ts';

/** When a vendor says that something holds; instants in milliseconds since the epoch. */
export interface Dates {
  /**
   * What the vendor counts up when it says something else, 0 where it does not: an older edition may be issued
   * again later than a newer one.
   */
  readonly edition: number;
  /** 0 for what is issued once, as certificates and key sets are: none of them takes another's place. */
  readonly issuedMs: number;
  readonly endsMs: number;
}

/** One thing that some evidence needs: where it may lie, where it is served, and what of it is right. */
export interface Wanted<V> {
  /** For the reader of an error: "the TCB info of FMSPC 90c06f000000". */
  readonly what: string;
  /**
   * Paths in an endorsement folder, `/` between their parts; derived from parsed values only. What a mirror
   * answers is kept under the first.
   */
  readonly files: readonly [string, ...string[]];
  /** What a mirror is asked once at a time, and not again right after it failed to answer. */
  readonly question: string;
  /** Whether it is issued again long before it ends, so that what is in date may yet hide what was revoked since. */
  readonly isReissued: boolean;
  /** The vendors to ask, in this order: the first with a mirror, and the next where that mirror has nothing. */
  readonly asks: readonly Ask[];
  /** Bytes of the file, made from what the vendor's API answers. Throws `unavailable` for another answer. */
  fileOf(answer: MirrorAnswer): Uint8Array;
  /** The value, or null where these bytes are not what is wanted. */
  parse(bytes: Uint8Array): V | null;
  dates(value: V): Dates;
}

/** An answer of a mirror: bounded, successful. */
export interface MirrorAnswer {
  readonly bytes: Uint8Array;
  header(name: string): string | null;
}

/** A question to a vendor's service: a path below the URL of the mirror that stands for it. */
export interface Ask {
  readonly vendor: string;
  readonly path: string;
}

/** Looks for things wherever they may be. */
export interface Find {
  /**
   * `offered` is what came with the evidence. Null where no source has it. Throws `unavailable` where only a mirror could
   * have it, and it did not answer.
   */
  find<V>(wanted: Wanted<V>, offered: V | null): Promise<V | null>;
  /** As `Promise.all`, but where one fails it waits for the others too: nothing writes to a cache after it threw. */
  all<T extends readonly unknown[]>(works: { readonly [I in keyof T]: Promise<T[I]> }): Promise<readonly [...T]>;
}

/** What `parse` returns; null for what cannot be parsed: another source may have it right. */
export function parsedOrNull<T>(parse: () => T): T | null {
  return orNullOf(TwinlockError, parse);
}

export function crlDates({ thisUpdateMs, nextUpdateMs }: Crl): Dates {
  return { edition: 0, issuedMs: thisUpdateMs, endsMs: nextUpdateMs };
}

/** Files of an endorsement folder, by what an operator is told of them. */
export const ENDORSEMENT_FILE_KINDS = ['certificates', 'lists', 'collateral', 'keySets'] as const;
export type EndorsementFileKind = (typeof ENDORSEMENT_FILE_KINDS)[number];

/** What a report needs of vendors, and where it is to be had. */
export interface Needs<Report, Endorsed> {
  /** Paths in an endorsement folder at which something is looked for. */
  readonly files: Readonly<Partial<Record<EndorsementFileKind, readonly RegExp[]>>>;
  /** Vendors whose services are asked, each by a mirror that stands for it. */
  readonly vendors: readonly string[];
  /**
   * A message to an operator whose mirrors cannot answer everything; null where they can. `hosts` has the host of each
   * mirror by its vendor.
   */
  missingMirror(hosts: Readonly<Record<string, string>>): string | null;
  /**
   * The endorsements of an attacker-controlled report. Nothing in the report is checked. A part that no source has is
   * as it was `offered`, or missing, and the appraisal says what is wrong with it. Throws as the parsers of the report,
   * and `unavailable` where a mirror did not answer that could have a part.
   */
  endorse(report: Report, offered: Endorsed, find: Find): Promise<Endorsed>;
}
