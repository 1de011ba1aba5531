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
  /** Bytes of the file, made from what the vendor's API answers; null where this mirror does not serve it. */
  fetch(get: Get): Promise<Uint8Array> | null;
  /** The value, or null where these bytes are not what is wanted. */
  parse(bytes: Uint8Array): V | null;
  dates(value: V): Dates;
}

/** Vendors whose services a mirror stands for. */
export const VENDORS = ['amd', 'intel', 'intel-certificates', 'nvidia', 'intel-trust-authority'] as const;
export type Vendor = (typeof VENDORS)[number];

/** An answer of a mirror: bounded, successful. */
export interface Answer {
  readonly bytes: Uint8Array;
  header(name: string): string | null;
}

/** Asks the mirror of a vendor that has one. Throws `unavailable`, its detail the `status` where there is one. */
export type Get = ((vendor: Vendor, path: string) => Promise<Answer>) & { has(vendor: Vendor): boolean };
