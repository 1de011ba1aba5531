import '../../../client/console/no-eval.ts';
import { appraiseInPage, timeInPage } from './appraisals.ts';
import { runCore, runReplay } from './core-run.ts';
import { showProposal } from './failed-rule.ts';

/** What a test calls in the page. */
export const core = { appraiseInPage, runCore, runReplay, showProposal, timeInPage };

(globalThis as { twinlockCore?: typeof core }).twinlockCore = core;
