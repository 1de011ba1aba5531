import type { Command } from 'commander';
import { digest, parseAs } from '../../src/core/schema.ts';
import { comparisonCode, REQUEST_WORDS } from '../../src/core/statement/comparison-code.ts';
import { parseModelVersion } from '../../src/core/weights/names.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { proposePublication } from '../depositor/publish.ts';
import { follow, signIn } from './connect.ts';
import { type Invocation, invoke } from './invocation.ts';
import { tellOfStops } from './stops.ts';

interface PublishFlags {
  readonly evaluation?: string;
}

export function addPublish(program: Command): void {
  program
    .command('publish <model@version>')
    .description("proposes that a quarantined version may be released for serving, with a depositor's key")
    .option('--evaluation <digest>', 'the evaluation release to cite; policy may require one')
    .addHelpText(
      'after',
      `
The depositor's owner has no vote: others approve it in their consoles. Where the others are no quorum, it is refused,
and says who cannot approve and why. A publication that this machine has proposed and that waits
is not proposed twice; where another's waits, the command names it and proposes its own. One that was overtaken, by
another policy for instance, is proposed again by the same command.

Examples:
  twinlock publish acme/ocr@1
  twinlock publish acme/ocr@1 --evaluation "$(jq -r .release evaluation.json)"`,
    )
    .action((target: string, flags: PublishFlags, command: Command) =>
      invoke(command, (invocation) => run(invocation, target, flags)),
    );
}

async function run(invocation: Invocation, target: string, flags: PublishFlags): Promise<void> {
  const named = parseModelVersion(target);
  const evaluation = flags.evaluation === undefined ? null : parseAs(digest, flags.evaluation, '--evaluation');
  const connection = await signIn(invocation, ['depositor']);
  const replica = await follow(invocation, connection);
  tellOfStops(invocation.terminal, replica.facts, 'the publication can be approved, and no version is released');
  const clock = { now: Date.now, random: platformRandom };
  const proposed = await proposePublication(connection, replica, { ...named, evaluation }, clock);
  const code = comparisonCode(proposed.digest, REQUEST_WORDS);
  const { digest: proposal, index, already, other } = proposed;
  const { stopped } = replica.facts;
  invocation.terminal.result({ ...named, proposal, index, code, already, other, stopped: stopped !== null }, [
    already
      ? `proposed     already: the publication of ${target} waits since entry ${index}; nothing was proposed anew`
      : `proposed     the publication of ${target}`,
    ...(other === null
      ? []
      : [`another      ${other} waits too: another has proposed it, and each takes votes of its own`]),
    `digest       ${proposed.digest}`,
    `code         ${code}`,
    'next         custodians approve it in their consoles; each confirms their share with it',
  ]);
}
