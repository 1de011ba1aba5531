import { fromBase64url } from '../bytes.ts';
import { must } from '../errors.ts';
import { isNvidiaVendorRoot } from './nvidia/roots.ts';
import type { ReferenceValues } from './reference-values.ts';
import { isSnpVendorRoot } from './snp/roots.ts';
import { isTdxVendorRoot } from './tdx/roots.ts';

/**
 * What the reference values of a production vault may be: none for simulated evidence, and no roots of
 * processors and GPUs but the vendors' own, so that no quorum can be talked into hardware that somebody made up.
 * Who certifies a TPM's attestation keys and whose tokens count has no such list, and is the quorum's to say.
 * Throws `evidence_simulated` or `root_unknown`.
 */
export function onlyHardware({ simulated, snp, tdx, tpm, gpu }: ReferenceValues): void {
  must(
    simulated === null,
    'evidence_simulated',
    'referenceValues.simulated: a production vault refuses simulated evidence',
  );
  requireVendorsRoots('', { snp, tdx });
  requireVendorsRoots('tpm.paravisor.', tpm?.paravisor ?? null);
  requireVendors('gpu.spdm.roots', gpu?.spdm?.roots ?? [], isNvidiaVendorRoot);
}

type Processors = Pick<ReferenceValues, 'snp' | 'tdx'>;

function requireVendorsRoots(where: string, values: Processors | null): void {
  const productRoots = (values?.snp?.products ?? []).map(({ root }) => root);
  requireVendors(`${where}snp.products`, productRoots, isSnpVendorRoot);
  requireVendors(`${where}tdx.roots`, values?.tdx?.roots ?? [], isTdxVendorRoot);
}

function requireVendors(where: string, roots: readonly string[], isVendors: (der: Uint8Array) => boolean): void {
  const position = roots.findIndex((root) => !isVendors(fromBase64url(root)));
  must(
    position === -1,
    'root_unknown',
    `referenceValues.${where}: number ${position + 1} is no root of the vendor, and a production vault pins no others`,
  );
}
