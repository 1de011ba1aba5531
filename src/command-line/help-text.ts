import type { Command } from 'commander';

/** Columns of a terminal of the usual width. */
const WIDTH = 80;
const CONTINUED = '      ';

/**
 * Help that a person can read: no line is wider than 80 columns. Lines that begin with a space, tables and commands, stay
 * as they are where they fit; of a command that does not, what follows goes on after a backslash, as a shell takes it.
 */
export function wrappedHelp(text: string): string {
  return text
    .split(/(\n{2,})/)
    .map((part) => (/^\n+$/.test(part) ? part : wrappedPart(part)))
    .join('');
}

/** To be called before commands are added, which inherit it. */
export function withWrappedHelp(program: Command): Command {
  return program
    .configureHelp({ showGlobalOptions: true, helpWidth: WIDTH })
    .configureOutput({ writeOut: (text) => process.stdout.write(wrappedHelp(text)), outputError: () => undefined });
}

function wrappedPart(part: string): string {
  const out: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) out.push(...wrappedWords(paragraph.join(' ').split(' '), '', ''));
    paragraph = [];
  };
  for (const line of part.split('\n')) {
    if (line !== '' && !line.startsWith(' ') && !/^[A-Z][A-Za-z ]*:$/.test(line)) {
      paragraph.push(line);
      continue;
    }
    endParagraph();
    out.push(...(line.length <= WIDTH ? [line] : wrappedCommand(line)));
  }
  endParagraph();
  return out.join('\n');
}

/** Broken before flags and signs of the shell alone: a flag stays with its value, and what is quoted in one piece. */
function wrappedCommand(line: string): readonly string[] {
  const groups: string[] = [];
  for (const word of line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []) {
    const last = groups.at(-1);
    if (last === undefined || /^(?:-|&&$|\|$|>$|#$)/.test(word)) groups.push(word);
    else groups[groups.length - 1] = `${last} ${word}`;
  }
  return wrappedWords(groups, /^ */.exec(line)?.[0] ?? '', ' \\');
}

function wrappedWords(words: readonly string[], indent: string, ending: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const longer =
      line === '' ? `${lines.length === 0 || ending === '' ? indent : CONTINUED}${word}` : `${line} ${word}`;
    if (line !== '' && longer.length > WIDTH - ending.length) {
      lines.push(`${line}${ending}`);
      line = `${ending === '' ? indent : CONTINUED}${word}`;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
