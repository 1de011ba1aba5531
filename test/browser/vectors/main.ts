import '../../../client/console/no-eval.ts';
import { runCore, runReplay } from './core-run.ts';
import { showProposal } from './failed-rule.ts';

/** What a test calls in the page. */
export const core = { runCore, runReplay, showProposal };

(globalThis as { twinlockCore?: typeof core }).twinlockCore = core;
