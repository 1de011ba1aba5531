/** Text of others, from the log or from the data folder, on a terminal: what may steer it is shown as U+FFFD. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
