import { must, TwinlockError } from '../core/errors.ts';
import { personName } from '../core/name/name.ts';
import { quoted } from '../core/quoted.ts';

const MIN_FOUNDERS = 3;
const HOW = 'write --founder before each, for instance --founder alice --founder bob:ops --founder carol:ops';

export interface NamedFounder {
  readonly name: string;
  readonly groups: readonly string[];
}

/**
 * The founders that `--founder NAME[:GROUP,…]` names, one a flag. Throws `usage` for another form, for a name that is
 * none or is there twice, and for fewer than three.
 */
export function foundersOf(texts: readonly string[]): readonly NamedFounder[] {
  const founders = texts.map(founderOf);
  const names = founders.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  must(
    twice === undefined,
    'usage',
    `--founder: expected each founder once, got ${quoted(twice ?? '')} twice: who has several groups is written NAME:GROUP,GROUP, and two people of one name are told apart by it, as alice-1 and alice-2`,
  );
  must(
    founders.length >= MIN_FOUNDERS,
    'usage',
    `--founder: expected ${MIN_FOUNDERS} founders or more, got ${names.map(quoted).join(' and ')}: ${HOW}`,
  );
  return founders;
}

function founderOf(text: string): NamedFounder {
  const [name = '', groups, ...more] = text.split(':');
  const isForm = name !== '' && groups !== '' && more.length === 0;
  must(isForm, 'usage', `--founder: expected NAME or NAME:GROUP,GROUP, got ${quoted(text)}: ${HOW}`);
  const parsed = personName.safeParse(name);
  if (!parsed.success) {
    const why = parsed.error.issues[0]?.message ?? 'expected a name';
    const several = /[\s,]/.test(name) ? `: if these are several founders, ${HOW}` : '';
    throw new TwinlockError('usage', `--founder: ${why}, got ${quoted(name)}${several}`);
  }
  return { name, groups: groups?.split(',') ?? [] };
}
