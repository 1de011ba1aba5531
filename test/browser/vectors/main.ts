import '../../../client/console/no-eval.ts';
import { judgeCorpus } from '../../extremes/judge.ts';
import { appraiseInPage, timeInPage } from './appraisals.ts';
import { runCore, runReplay } from './core-run.ts';
import { showProposal } from './failed-rule.ts';
import { measure, showHostile } from './hostile.ts';

/** What a test calls in the page. */
export const core = {
  appraiseInPage,
  judgeCorpus,
  measure,
  runCore,
  runReplay,
  showHostile,
  showProposal,
  timeInPage,
};

(globalThis as { twinlockCore?: typeof core }).twinlockCore = core;
