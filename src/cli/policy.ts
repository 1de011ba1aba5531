import type { Command } from 'commander';
import { policyTemplate } from '../founding/policy-template.ts';
import { requireGrade } from './options.ts';

export function addPolicy(program: Command): void {
  const policy = program.command('policy').description('what a vault demands of everything that grants');
  policy
    .command('template')
    .description('prints the default policy of a grade, with what each field means as comments')
    .option('--grade <grade>', 'production or simulation', 'production')
    .addHelpText(
      'after',
      `
twinlockd init --policy and Propose in a custodian's console take it as it is printed, and as you edit it. A production
vault is founded only once it lists the security keys that may enrol: authenticators.

Examples:
  twinlockd policy template > policy.json
  twinlockd policy template --grade simulation`,
    )
    .action(({ grade }: { readonly grade: string }) => {
      process.stdout.write(policyTemplate(requireGrade(grade)));
    });
}
