import { toHex } from '../../bytes.ts';
import type { TdImage } from '../kit/td.ts';
import type { TdReport } from './parse.ts';
import type { TdxReferenceValues } from './reference-values.ts';
import type { TdxFindings } from './rules.ts';

/** SEPT_VE_DISABLE, bit 28 of TD_ATTRIBUTES: byte 3, bit 4. */
const SEPT_VE_DISABLE = { byte: 3, mask: 0x10 } as const;
/** MIGRATABLE, bit 29: byte 3, bit 5. */
const MIGRATABLE = { byte: 3, mask: 0x20 } as const;

type Measurements = Omit<TdImage, 'name'>;

/** What holds for every TD that can keep a secret (design: attestation, "Intel TDX", line 6). */
export function checkTd(findings: TdxFindings, body: TdReport, values: TdxReferenceValues | null): void {
  findings.same('tdx.seam-signer', '00'.repeat(48), toHex(body.mrSignerSeam));
  findings.same('tdx.seam-attributes', '00'.repeat(8), toHex(body.seamAttributes));
  // The first byte is the group of attributes under which the host reads the TD: DEBUG and its like.
  findings.same('tdx.debug', '00', toHex(body.tdAttributes.subarray(0, 1)));
  // The platform that it would migrate to was not appraised.
  findings.same('tdx.migratable', 'not set', isSet(body, MIGRATABLE) ? 'set' : 'not set');
  checkServiceTd(findings, body, values?.serviceTds ?? []);
}

/** A body of TDX 1.0 has no field for a service TD, so the rule passes without knowing whether one is bound. */
function checkServiceTd(findings: TdxFindings, { mrServiceTd }: TdReport, listed: readonly string[]): void {
  if (mrServiceTd === null) {
    findings.rule('tdx.service-td', 'none, where the quote has room to name one', 'not said', true);
    return;
  }
  const got = mrServiceTd.some((byte) => byte !== 0) ? toHex(mrServiceTd) : 'none';
  findings.among('tdx.service-td', ['none', ...listed], got);
}

function isSet({ tdAttributes }: TdReport, { byte, mask }: { readonly byte: number; readonly mask: number }): boolean {
  return ((tdAttributes[byte] ?? 0) & mask) !== 0;
}

/** What a committee expects of the TD. */
export function checkReferenceValues(findings: TdxFindings, body: TdReport, values: TdxReferenceValues): void {
  const isDisabled = isSet(body, SEPT_VE_DISABLE);
  findings.rule(
    'tdx.sept-ve-disable',
    values.septVeDisable ? 'set' : 'set or not',
    isDisabled ? 'set' : 'not set',
    isDisabled || !values.septVeDisable,
  );
  findings.among('tdx.attributes', values.attributes, toHex(body.tdAttributes));
  findings.among('tdx.xfam', values.xfams, toHex(body.xfam));
  checkImage(findings, body, values.images);
}

/** One image as a whole: a measurement of one and a measurement of another are no image. */
function checkImage(findings: TdxFindings, body: TdReport, images: readonly TdImage[]): void {
  const got: Record<keyof Measurements, string> = {
    mrTd: toHex(body.mrTd),
    rtmr0: toHex(body.rtmr0),
    rtmr1: toHex(body.rtmr1),
    rtmr2: toHex(body.rtmr2),
    rtmr3: toHex(body.rtmr3),
    mrConfigId: toHex(body.mrConfigId),
    mrOwner: toHex(body.mrOwner),
    mrOwnerConfig: toHex(body.mrOwnerConfig),
  };
  const fields = Object.keys(got) as (keyof Measurements)[];
  const image = images.find((one) => fields.every((field) => one[field] === null || one[field] === got[field]));
  const names = images.map(({ name }) => name);
  findings.among(
    'tdx.image',
    names,
    image?.name ?? `no image that is listed: ${fields.map((f) => `${f} ${got[f]}`).join(', ')}`,
  );
}
