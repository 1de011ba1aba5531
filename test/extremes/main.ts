import { readFileSync } from 'node:fs';
import { type Corpus, judgeCorpus } from './judge.ts';

// Judges the corpus of standard input once, as a process that has just been started.
process.stdout.write(JSON.stringify(judgeCorpus(JSON.parse(readFileSync(0, 'utf8')) as Corpus)));
