import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { programResultSchema } from '../../../nas/job/program-result.ts';
import { printTrials, trialsCsv } from '../../../scripts/runs/print-trials.ts';
import { trialRows } from '../../../scripts/runs/trial-rows.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { openTrialLog } from '../../../store/trial-log.ts';
import { runRecordForTests } from '../../support/run-record.ts';

const asked = (id: string, genotype: string) => ({
  id,
  ordinal: 0,
  genotype,
  hash: genotype,
  fidelity: 1,
  note: null,
});
const spent = { multiplyAdds: 1, images: 1, attempts: 2, reclaims: 1, seconds: 1800 };

const searched = async () => {
  const store = createMemoryObjectStore();
  const record = runRecordForTests('run', {
    strategy: { name: 'regularized-evolution' },
    resources: { spotDollarsPerHour: 0.6, parallelism: 2 },
    stages: {
      search: {
        seeds: [0, 7],
        evaluations: 4,
        objective: { weights: { parameters: { target: 10, exponent: -1 } } },
      },
    },
  });
  const { log } = await openTrialLog(store, 'run', 'stage-1/seed-0');
  await log.append([
    {
      kind: 'asked',
      trials: [
        asked('t-000000', 'A,"1"'),
        asked('t-000001', 'B'),
        asked('t-000002', 'B'),
        asked('t-000003', 'C'),
      ],
    },
    {
      kind: 'told',
      trial: { id: 't-000000', end: { kind: 'score', value: 0.4, measures: { parameters: 20 }, spent } },
    },
    { kind: 'told', trial: { id: 't-000001', end: { kind: 'infeasible', reason: 'diverged', spent } } },
    {
      kind: 'told',
      trial: { id: 't-000002', end: { kind: 'infeasible', reason: 'diverged' }, copyOf: 't-000001' },
    },
  ]);
  const { log: second } = await openTrialLog(store, 'run', 'stage-1/seed-7');
  await second.append([{ kind: 'asked', trials: [asked('t-000000', 'D')] }]);
  return { store, record };
};

describe('what a run has tried', () => {
  it('is every trial of every search, with what each cost', async () => {
    const { store, record } = await searched();
    const rows = await trialRows(store, record);
    expect(rows.map(({ seed, id, status }) => [seed, id, status])).toEqual([
      [0, 't-000000', 'scored'],
      [0, 't-000001', 'infeasible'],
      [0, 't-000002', 'infeasible'],
      [0, 't-000003', 'unfinished'],
      [7, 't-000000', 'unfinished'],
    ]);
    // The weight (20 / 10)^-1 halves the score of 0.8.
    expect(rows[0]).toMatchObject({
      job: 'stage-1/seed-0/trial-000000',
      score: 0.4,
      accuracy: 0.8,
      measures: { parameters: 20 },
      attempts: 2,
      reclaims: 1,
      seconds: 1800,
      dollars: 0.3,
    });
    expect(rows[2]).toMatchObject({ copyOf: 't-000001' });
    expect(rows[2]).not.toHaveProperty('job');
  });

  it('survives CSV, quotes and commas included', async () => {
    const { store, record } = await searched();
    const rows = await trialRows(store, record);
    const read = parse(trialsCsv(rows), { columns: true }) as Record<string, string>[];
    expect(read).toHaveLength(rows.length);
    expect(read[0]).toMatchObject({
      id: 't-000000',
      genotype: 'A,"1"',
      parameters: '20',
      score: '0.4',
      reason: '',
    });
    expect(read[1]).toMatchObject({ status: 'infeasible', reason: 'diverged', score: '', parameters: '' });
  });

  it('fits the window', async () => {
    const { store, record } = await searched();
    const text = printTrials(await trialRows(store, record), 58);
    for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(58);
    expect(text).toContain('as t-000001');
  });

  it('is the candidates of a search in one job, once it has ended', async () => {
    const store = createMemoryObjectStore();
    const record = runRecordForTests('run');
    expect(await trialRows(store, record)).toEqual([]);
    await createDocument(store, keys.job('run', 'stage-1/seed-0').result, programResultSchema, {
      kind: 'search',
      candidates: [
        { genotype: 'A', score: 0.4, rescored: 0.5 },
        { genotype: 'B', score: 0.3 },
      ],
      curve: [],
      cost: { multiplyAdds: 1, images: 1 },
      weightsSha256: '0'.repeat(64),
    });
    expect(await trialRows(store, record)).toEqual([
      { id: 'c-000001', seed: 0, status: 'scored', score: 0.4, rescored: 0.5, measures: {}, genotype: 'A' },
      { id: 'c-000002', seed: 0, status: 'scored', score: 0.3, measures: {}, genotype: 'B' },
    ]);
  });
});
