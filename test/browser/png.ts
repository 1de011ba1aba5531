import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** RGB of 8 bits, as Chromium writes a screenshot. */
const PIXEL_BYTES = 3;

/** The same picture without filters, which a page of text and plain colours deflates better without. */
export function withoutFilters(png: Buffer): Buffer {
  const chunks = chunksOf(png);
  const header = chunks.find(({ type }) => type === 'IHDR')?.data ?? Buffer.alloc(0);
  const rowBytes = header.readUInt32BE(0) * PIXEL_BYTES;
  const data = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map((chunk) => chunk.data));
  const pixels = deflateSync(unfiltered(inflateSync(data), rowBytes), { level: 9, memLevel: 9 });
  const made = [chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([png.subarray(0, SIGNATURE_BYTES), ...made]);
}

function chunksOf(png: Buffer): { readonly type: string; readonly data: Buffer }[] {
  const chunks = [];
  for (let at = SIGNATURE_BYTES; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

function chunk(type: string, data: Buffer): Buffer {
  const made = Buffer.alloc(data.length + 12);
  made.writeUInt32BE(data.length, 0);
  made.write(type, 4, 'latin1');
  data.copy(made, 8);
  made.writeUInt32BE(crc32(made.subarray(4, data.length + 8)), data.length + 8);
  return made;
}

/** Each row behind a filter of type 0 (PNG, section 9). */
function unfiltered(rows: Buffer, rowBytes: number): Buffer {
  const out = Buffer.alloc(rows.length);
  const stride = rowBytes + 1;
  for (let start = 0; start < rows.length; start += stride) {
    const filter = rows[start] ?? 0;
    for (let i = start + 1; i < start + stride; i++) {
      const isFirst = i <= start + PIXEL_BYTES;
      const left = isFirst ? 0 : (out[i - PIXEL_BYTES] ?? 0);
      const up = start === 0 ? 0 : (out[i - stride] ?? 0);
      const corner = isFirst || start === 0 ? 0 : (out[i - stride - PIXEL_BYTES] ?? 0);
      out[i] = (rows[i] ?? 0) + predicted(filter, left, up, corner);
    }
  }
  return out;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 3) return (left + up) >> 1;
  if (filter === 4) return paeth(left, up, corner);
  return [0, left, up][filter] ?? 0;
}

function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
