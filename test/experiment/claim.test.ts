import { describe, expect, it } from 'vitest';
import { claimOf } from '../../nas/experiment/claim.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { runRecordForTests } from '../support/run-record.ts';

const TEXT = `name: tiny
space: { name: darts-cnn }
strategy: { name: random-weight-sharing, candidates: 20, rescore: 5 }
task: { data: fashion-mnist-small }
stages:
  search: { seeds: [0, 1, 2] }
  retrain: { topK: 3 }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'tiny.yaml', overrides }).experiment;
const given = ['strategy={ name: given }', 'genotype=DARTS_V2', 'stages.retrain.topK=1'];

describe('what an experiment claims', () => {
  it.each<[string, string[], string]>([
    ['several searches, a cell of each', [], 'search'],
    ['one search', ['stages.search.seeds=[7]'], 'cell'],
    ['fewer retrained cells than searches', ['stages.retrain.topK=2'], 'cell'],
    ['a given cell', given, 'cell'],
    ['what it says', ['stages.evaluate.claim=cell'], 'cell'],
  ])('%s', (_, overrides, claim) => {
    expect(load(...overrides).stages.evaluate.claim).toBe(claim);
  });

  it('of a run of 0.1.0 is two cells, however many searches it has', () => {
    expect(claimOf(runRecordForTests('old').experiment)).toBe('cell');
  });

  it.each<[string, string[], RegExp]>([
    [
      'one search',
      ['stages.search.seeds=[0]'],
      /--set stages\.evaluate\.claim: "search".*one search seed.*at least two/,
    ],
    ['a given cell', given, /claim: "search".*given cell/],
    [
      'fewer cells than searches',
      ['stages.retrain.topK=2'],
      /--set stages\.retrain\.topK: 2 .*at least 3.*a cell of each of the 3 searches/,
    ],
    ['another word', ['stages.evaluate.claim=run'], /claim: "run".*search.*cell/],
  ])('about the search is refused with %s', (_, overrides, message) => {
    expect(() => load('stages.evaluate.claim=search', ...overrides)).toThrow(message);
  });
});
