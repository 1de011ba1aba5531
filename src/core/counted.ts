/** `1 host`, `2,000 hosts`. */
export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${Number(count) === 1 ? one : many}`;
}

/** An integer with a comma before every three digits, as English groups them. */
export function grouped(value: number | bigint): string {
  const digits = typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : String(value);
  return digits.replace(/\B(?=(?:[0-9]{3})+$)/g, ',');
}
