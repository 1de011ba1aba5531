import * as z from 'zod/mini';
import { thingName } from '../../name/name.ts';
import { binary } from '../../schema.ts';
import { distinctNames } from '../kit/distinct-names.ts';
import { ROOTED_PRODUCTS } from './roots.ts';
import { hasFmc } from './tcb.ts';

/** The vendor publishes a list for half a year and longer: one that is older than this has missed two. */
const MAX_GRACE_MS = 366 * 86_400_000;

const hex = (bytes: number) =>
  z
    .string()
    .check(z.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${bytes} bytes in lower-case hexadecimal`));
/** A 64-bit register as a number: 16 digits, the most significant first. */
const register = hex(8);
const svn = z.int().check(z.gte(0), z.lte(255));

const product = z
  .strictObject({
    product: z.enum(ROOTED_PRODUCTS),
    /** The ARK in DER. Certificates below it are dated anew by the vendor, and never pinned. */
    root: binary(1, 8192),
    /** The least of each component of the reported, the committed and the launch TCB. */
    floor: z.strictObject({ bootLoader: svn, tee: svn, snp: svn, microcode: svn, fmc: z.nullable(svn) }),
  })
  .check(
    z.refine(
      ({ product, floor }) => (floor.fmc !== null) === hasFmc(product),
      'expected a floor for the FMC of Turin, and null for others, which have none',
    ),
  );

/** One image, matched as a whole. Null: not compared. */
const image = z.strictObject({
  name: thingName,
  /** The launch digest: SHA-384 over the guest's initial memory. */
  measurement: hex(48),
  /** What the host gave at launch; many put the digest of a configuration here. */
  hostData: z.nullable(hex(32)),
  idKeyDigest: z.nullable(hex(48)),
  authorKeyDigest: z.nullable(hex(48)),
});
export type SnpImage = z.infer<typeof image>;

/** The reference values for a guest. An empty list refuses every host. */
export const snpReferenceValues = z.strictObject({
  platform: z.literal('snp'),
  /** A product that is not listed is refused. */
  products: z.array(product).check(
    z.maxLength(ROOTED_PRODUCTS.length),
    z.refine(
      (list) => new Set(list.map((one) => one.product)).size === list.length,
      'expected each product at most once',
    ),
  ),
  /** The keys that may sign: the chip's own key, and a key that a cloud loaded into it. */
  signers: z.array(z.enum(['vcek', 'vlek'])).check(z.maxLength(2)),
  images: z.array(image).check(z.maxLength(256), distinctNames),
  /** The guest policy, to the bit: SMT, single socket and the least firmware are in it. */
  policies: z.array(register).check(z.maxLength(64)),
  /** Where the host's agent may run. A paravisor's 0 is not the guest's. */
  vmpls: z.array(z.int().check(z.gte(0), z.lte(3))).check(z.maxLength(4)),
  minGuestSvn: z.int().check(z.gte(0), z.lte(0xffff_ffff)),
  /** Bits of PLATFORM_INFO that must be set, and that must be clear; others are not compared. */
  platformInfo: z.strictObject({ set: register, clear: register }),
  /** Bits that both mitigation vectors must have, which asks for version 5. Null: not compared. */
  mitigations: z.nullable(register),
  /** CHIP_ID, 64 bytes. Null: any chip that the root vouches for. A VLEK mostly hides it. */
  chips: z.nullable(z.array(hex(64)).check(z.maxLength(4096))),
  /** Whether evidence must come with the ARK's list of revoked certificates; one that comes is always checked. */
  crl: z.enum(['required', 'unchecked']),
  /** How long a list may be used after its next update was due, in milliseconds. */
  graceMs: z.int().check(z.gte(0), z.lte(MAX_GRACE_MS)),
});
export type SnpReferenceValues = z.infer<typeof snpReferenceValues>;
