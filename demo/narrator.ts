import { table } from '../client/cli/text.ts';
import { printable } from '../src/command-line/printable.ts';
import type { Refusal } from './refusal.ts';

const INDENT = '    ';

/** Tells the story: short lines, and how long each chapter took. */
export class Narrator {
  readonly #write: (text: string) => void;
  #chapter = 0;

  constructor(stream: NodeJS.WritableStream) {
    this.#write = (text) => stream.write(text);
  }

  chapter(title: string): void {
    this.#chapter++;
    this.#write(`\n${String(this.#chapter).padStart(2)}  ${title}\n`);
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.#write(`${INDENT}${printable(line)}`.trimEnd().concat('\n'));
  }

  refusal({ what, code, message }: Refusal): void {
    this.say(`refused  ${what}`, `         ${code}: ${message}`);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    this.say(...table(head, rows));
  }
}
