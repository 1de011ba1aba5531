import '../../../client/console/no-eval.ts';
import { judgeCorpus } from '../../extremes/judge.ts';
import { appraiseInPage, timeInPage } from './appraisals.ts';
import { showApproval } from './approval.ts';
import { runCore, runReplay } from './core-run.ts';
import { showClock, showProposal } from './failed-rule.ts';
import { cutOffFromVault, showFault, showHonest, showTrouble } from './honest.ts';
import { measure, showHostile } from './hostile.ts';

/** What a test calls in the page. */
export const core = {
  appraiseInPage,
  cutOffFromVault,
  showApproval,
  showClock,
  showFault,
  showTrouble,
  judgeCorpus,
  measure,
  runCore,
  runReplay,
  showHonest,
  showHostile,
  showProposal,
  timeInPage,
};

(globalThis as { twinlockCore?: typeof core }).twinlockCore = core;
