/** One thing that some evidence needs: where it may lie, where it is served, and what of it is right. */
export interface Wanted<V> {
  /** For whoever reads an error: "the TCB collateral of FMSPC 90c06f000000". */
  readonly what: string;
  /** Path in an endorsement folder, `/` between its parts; derived from parsed values only. */
  readonly file: string;
  /** Bytes of the file, made from what the vendor's API answers; null where this mirror does not serve it. */
  fetch(get: Get): Promise<Uint8Array> | null;
  /** The value, or null where these bytes are not what is wanted. */
  parse(bytes: Uint8Array): V | null;
  /** Until when it may be used, in milliseconds since the epoch. */
  endsMs(value: V): number;
}

/** Vendors whose services a mirror stands for. */
export const VENDORS = ['amd', 'intel', 'nvidia', 'intel-trust-authority'] as const;
export type Vendor = (typeof VENDORS)[number];

/** An answer of a mirror: bounded, successful. */
export interface Answer {
  readonly bytes: Uint8Array;
  header(name: string): string | null;
}

/** Asks the mirror of a vendor. Throws `unavailable`; null where none is configured. */
export type Get = ((vendor: Vendor, path: string) => Promise<Answer>) & { has(vendor: Vendor): boolean };
