import '../../../client/console/no-eval.ts';
import { appraiseInPage, timeInPage } from './appraisals.ts';
import { runCore, runReplay } from './core-run.ts';
import { showProposal } from './failed-rule.ts';
import { measure, showHostile } from './hostile.ts';

/** What a test calls in the page. */
export const core = { appraiseInPage, measure, runCore, runReplay, showHostile, showProposal, timeInPage };

(globalThis as { twinlockCore?: typeof core }).twinlockCore = core;
