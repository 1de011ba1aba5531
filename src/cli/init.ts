import { join } from 'node:path';
import type { Command } from 'commander';
import { parseReferenceValues } from '../core/attest/reference-values.ts';
import { parseCommentedJson } from '../core/json-comments.ts';
import { type Grade, parseAs } from '../core/schema.ts';
import { principalInvitation } from '../core/statement/statement.ts';
import { becomeOwner } from '../data-folder.ts';
import {
  acceptsTpmAlone,
  foundingPolicy,
  referenceValuesDigest,
  refusesEveryAuthenticator,
  refusesEveryHost,
} from '../founding-policy.ts';
import { initialise, TLS_CERTIFICATE_FILE } from '../initialise.ts';
import { shellWord } from '../platform/shell-word.ts';
import { readJson } from './input.ts';
import { collect, DEFAULT_DATA, DEFAULT_PORT, requireGrade, wholeNumber } from './options.ts';

interface InitFlags {
  readonly founder: readonly string[];
  readonly threshold: number;
  readonly grade: string;
  readonly policy?: string;
  readonly referenceValues?: string;
  readonly principal?: readonly string[];
  readonly host?: readonly string[];
  readonly invitationDays: number;
  readonly json?: boolean;
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('makes the data folder and one invitation for each founder')
    .requiredOption('--founder <name[:group,…]>', 'a founder; repeat for each, three at least', collect)
    .option('--threshold <t>', 'how many custodians must approve', wholeNumber, 2)
    .option(
      '--grade <grade>',
      'production, or simulation (software authenticators and simulated evidence), for life',
      'production',
    )
    .option('--policy <file>', 'as twinlockd policy template prints it; without it, the default of the grade')
    .option('--reference-values <file>', 'what hosts must show, in place of what the policy says of it')
    .option('--principal <file>', 'a key to enrol at genesis, as twinlock key show prints it; repeatable', collect)
    .option('--host <name>', 'a name or address of this daemon, for its TLS certificate; repeatable', collect)
    .option('--invitation-days <days>', 'until when the founders must have signed', wholeNumber, 7)
    .option('--json', 'print the invitations as one line of JSON')
    .addHelpText(
      'after',
      `
Each founder gets one invitation, and signs with it in a console of their own. The vault exists once all have signed.

Of each group that a founder is given, at least one member must be among the approvers of everything, besides the
threshold. Each needs two founders, and a --policy must name it too.

Examples:
  twinlockd init --grade simulation --founder alice --founder bob --founder carol
  twinlockd init --founder alice:ops --founder bob:ops --founder carol --policy policy.json --reference-values hosts.json
  twinlockd --data /var/lib/twinlock init --founder alice --founder bob --founder carol --founder dave --threshold 3 \\
    --policy policy.json --principal deposit.key.json --host vault.example.org`,
    )
    .action((flags: InitFlags) => run(program.opts()['data'], flags));
}

async function run(dataDir: string, flags: InitFlags): Promise<void> {
  const { threshold, founder, host = [], principal = [], invitationDays } = flags;
  const grade = requireGrade(flags.grade);
  const founders = founder.map((text) => {
    const [name = '', groups = ''] = text.split(':');
    return { name, groups: groups === '' ? [] : groups.split(',') };
  });
  const groups = [...new Set(founders.flatMap((one) => one.groups))];
  const policy = readPolicy(grade, groups, flags);
  const principals = principal.map((file) =>
    readJson('--principal', file, (key) => parseAs(principalInvitation, key, 'key')),
  );
  const hosts = ['localhost', '127.0.0.1', '::1', ...host];
  becomeOwner(dataDir);
  const nowMs = Date.now();
  const made = { dataDir, grade, threshold, founders, hosts, policy, principals, invitationDays, nowMs };
  const invitations = await initialise(made);
  for (const warning of warnings(grade, policy, flags.referenceValues)) console.error(`twinlockd: ${warning}`);
  const digest = referenceValuesDigest(policy);
  if (flags.json === true) {
    console.log(JSON.stringify({ data: dataDir, referenceValuesDigest: digest, invitations }));
    return;
  }
  console.log(
    `A ${grade} vault waits for its founders in ${dataDir}. Hand each founder their own invitation and no other:\n`,
  );
  for (const { name, invitation } of invitations) console.log(`  ${name.padEnd(16)} ${invitation}`);
  if (groups.length > 0) {
    console.log(`\nAmong the approvers of everything there must be at least one of each group: ${groups.join(', ')}.`);
  }
  const start = dataDir === DEFAULT_DATA ? 'npx twinlockd serve' : `npx twinlockd serve --data ${shellWord(dataDir)}`;
  console.log(`
What hosts must show has the SHA-256 ${digest}: every founder's page shows it under Policy, as Reference values.
Let the founders compare it.

Start the daemon with:
  ${start}
Then each founder runs on their workstation:
  npx twinlock console --founding --vault https://localhost:${DEFAULT_PORT} --ca ${shellWord(join(dataDir, TLS_CERTIFICATE_FILE))}`);
}

function readPolicy(
  grade: Grade,
  groups: readonly string[],
  { policy, referenceValues }: Pick<InitFlags, 'policy' | 'referenceValues'>,
): Uint8Array {
  const values =
    referenceValues === undefined ? null : readJson('--reference-values', referenceValues, parseReferenceValues);
  if (policy === undefined) return foundingPolicy(grade, null, values, groups);
  const founding = (given: unknown) => foundingPolicy(grade, given as object | null, values);
  return readJson('--policy', policy, founding, parseCommentedJson);
}

/** What a founder would want to know before the others enrol. */
function warnings(grade: Grade, policy: Uint8Array, valuesFile: string | undefined): readonly string[] {
  const found: string[] = [];
  if (refusesEveryHost(policy)) {
    found.push(
      valuesFile === undefined
        ? 'the policy has no reference values, so no host can pass: give --reference-values, or let the custodians propose them'
        : `--reference-values ${valuesFile}: these reference values accept no host: they have no values for a CPU or a TPM (twinlock reference-values check ${shellWord(valuesFile)})`,
    );
  }
  if (grade === 'production' && refusesEveryAuthenticator(policy)) {
    found.push(
      'the policy lists no security key (authenticators), so no founder can enrol: init again in another folder, with --policy (twinlockd policy template)',
    );
  }
  if (grade === 'production' && acceptsTpmAlone(policy)) {
    found.push(
      'a TPM alone is enough for a host of this production vault (tpm.alone): it says what booted, and nothing about encrypted memory',
    );
  }
  return found;
}
