import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bestOfTable, createLookUp } from '../../../activities/search/look-up.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { chosenSpace } from '../../../nas/space/space-schema.ts';
import type { RunRecord } from '../../../nas/experiment/run-record.ts';
import type { ToldTrial, TrialEvent } from '../../../nas/search/trial-log.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { nasBench101, nasBench101Key } from '../../../nas/space/nas-bench-101.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import { createTrialSearch } from '../../../nas/search/trial-search.ts';
import { addBenchmark } from '../../../scripts/data/add-benchmark.ts';
import { withTable } from '../../../scripts/runs/prepare-run.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { writeTable } from '../../../store/tables.ts';
import { curves, curvesJson, genotypes } from '../../benchmark/curve-cells.ts';

const yaml = (strategy: string): string => `
name: on-curves
description: A search by look-ups in learning curves.
space: { name: darts-cnn }
strategy: { name: ${strategy} }
task: { data: fashion-mnist-small }
stages:
  search:
    seeds: [0]
    evaluations: 60
    table: { name: darts-curves, column: acc }
    recipe: { epochs: 64 }
`;
const load = (strategy: string, ...overrides: string[]) =>
  loadExperiment(yaml(strategy), { file: 'on-curves.yaml', overrides });

describe('a search on a table of learning curves', () => {
  it.each(['asha', 'hyperband', 'bohb'] as const)('looks up every rung of %s, and replays', async (name) => {
    const store = createMemoryObjectStore();
    const table = { name: 'darts-curves', space: 'darts-cnn', text: curvesJson, source: 'curves.json' };
    await writeTable(store, table);
    const experiment = await withTable(store, load(name));
    expect(experiment.stages.search.table?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const lookUp = await createLookUp({ store })({ experiment } as RunRecord);
    const { space } = lookUp ?? {};
    if (lookUp === undefined || space === undefined) throw new Error('no listed space');
    const told: (ToldTrial & { hash: string; fidelity: number })[] = [];
    const begin = (onTold?: (asked: { hash: string; fidelity: number }, end: ToldTrial) => void) =>
      createTrialSearch({
        strategy: STRATEGIES[name].bind(space),
        ...{
          space,
          lookUp,
          evaluations: 60,
          options: { eta: 2, minFidelity: 1 / 8 },
          seed: 0,
          order: 'reproducible' as const,
        },
        ...(onTold && { onTold }),
      });
    const search = begin(({ hash, fidelity }, end) => told.push({ ...end, hash, fidelity }));
    const log: TrialEvent[] = [];
    while (!search.done) log.push(...search.advance(4, 16));
    expect(told).toHaveLength(60);
    const rungs = new Set(told.map(({ fidelity }) => fidelity));
    expect(rungs.size).toBeGreaterThan(1);
    const rowByHash = new Map(genotypes.map((genotype, row) => [space.hash(genotype as never), row]));
    for (const { hash, fidelity, end } of told) {
      const curve = curves[rowByHash.get(hash) as number] as readonly number[];
      expect(end).toEqual({
        kind: 'score',
        value: (curve[Math.max(1, Math.round(fidelity * 64)) - 1] as number) / 100,
      });
    }
    const again = begin();
    again.replay(log);
    expect([again.advance(4, 16), again.awaited, again.done]).toEqual([[], 0, true]);
  });

  it('is refused to strategies of several fidelities where the column has no curve', async () => {
    const store = createMemoryObjectStore();
    await addBenchmark(store, 'nas-bench-macro', {});
    const loaded = load(
      'asha',
      'space.name=nas-bench-macro',
      'stages.search.table.name=nas-bench-macro',
      'stages.search.table.column=mean_acc',
    );
    await expect(withTable(store, loaded)).rejects.toThrow(/column: "mean_acc".*a learning curve while asha/);
  });
});

describe('a search on a table with second objectives', () => {
  const onMacro = (...overrides: string[]) =>
    load(
      'nsga-net',
      'space.name=nas-bench-macro',
      'stages.search.table.name=nas-bench-macro',
      'stages.search.table.column=mean_acc',
      'strategy.minimise=[flops]',
      ...overrides,
    );
  const SMALLEST = '00000000';
  const space = chosenSpace({ name: 'nas-bench-macro' });

  it('learns the columns that it asks for, and what lies beyond a limit', async () => {
    const store = createMemoryObjectStore();
    await addBenchmark(store, 'nas-bench-macro', {});
    const endOf = async (...overrides: string[]) => {
      const experiment = await withTable(store, onMacro(...overrides));
      const lookUp = await createLookUp({ store })({ experiment } as RunRecord);
      return lookUp?.(space.parse(SMALLEST), 1);
    };
    const measured = { kind: 'score', value: 0.453633, measures: { flops: 7713280 } };
    expect(await endOf()).toEqual(measured);
    expect(await endOf('stages.search.objective={ limits: { params: { max: 387882 } } }')).toEqual({
      ...measured,
      measures: { flops: 7713280, params: 387882 },
    });
    const bestOf = async (...overrides: string[]) =>
      bestOfTable(store, { experiment: await withTable(store, onMacro(...overrides)) } as RunRecord);
    expect(await bestOf('stages.search.objective={ limits: { params: { max: 387882 } } }')).toBe(0.453633);
    expect(await bestOf()).toBeGreaterThan(0.9);
    expect(await endOf('stages.search.objective={ limits: { params: { min: 387883 } } }')).toMatchObject({
      kind: 'infeasible',
    });
  });

  it('is refused where the table lacks the column', async () => {
    const store = createMemoryObjectStore();
    await addBenchmark(store, 'nas-bench-macro', {});
    await expect(withTable(store, onMacro('strategy.minimise=[latency]'))).rejects.toThrow(
      /minimise: "latency".*params, flops/,
    );
    const limited = onMacro('stages.search.objective={ limits: { latency: { max: 1 } } }');
    await expect(withTable(store, limited)).rejects.toThrow(/limits: "latency".*params, flops/);
  });

  it('is refused where no row is within the limits', async () => {
    const store = createMemoryObjectStore();
    await addBenchmark(store, 'nas-bench-macro', {});
    await expect(
      withTable(store, onMacro('stages.search.objective={ limits: { params: { max: 1 } } }')),
    ).rejects.toThrow(/objective\.limits: .*some architecture of the table satisfies/);
  });
});

describe('a search on a table', () => {
  const macro = gunzipSync(
    readFileSync(new URL('../../../data/nas-bench-macro/nas-bench-macro-cifar10.csv.gz', import.meta.url)),
  ).toString();
  const header = macro.slice(0, macro.indexOf('\n')).split(',');
  /** The shipped table with the column rewritten. */
  const rewritten = (column: string, rewrite: (cell: string, row: number) => string): string =>
    macro
      .trim()
      .split('\n')
      .map((line, i) =>
        i === 0
          ? line
          : line
              .split(',')
              .map((cell, k) => (header[k] === column ? rewrite(cell, i) : cell))
              .join(','),
      )
      .join('\n');
  const start = async (text: string, ...overrides: string[]) => {
    const store = createMemoryObjectStore();
    await writeTable(store, { name: 'macro', space: 'nas-bench-macro', text, source: 'macro.csv' });
    return withTable(
      store,
      load(
        'nsga-net',
        'space.name=nas-bench-macro',
        'stages.search.table.name=macro',
        'stages.search.table.column=mean_acc',
        'strategy.minimise=[flops]',
        ...overrides,
      ),
    );
  };

  it('is refused before it starts where the column, or one that is minimised, lacks a number', async () => {
    const blank = (column: string) => rewritten(column, (cell, row) => (row === 6561 ? '' : cell));
    await expect(start(blank('test_acc_1'))).resolves.toBeDefined();
    await expect(start(blank('mean_acc'))).rejects.toThrow(/table\.column: "mean_acc".*in line 6562/);
    await expect(start(blank('flops'))).rejects.toThrow(/"flops" is not allowed.*in line 6562/);
  });

  it('is refused where the table holds smaller graphs than the space', async () => {
    const random = randomFromSeed(0);
    const graphs = Array.from({ length: 200 }, () => nasBench101(3).sample(random));
    const rows = new Map(graphs.map((graph) => [nasBench101Key(graph), JSON.stringify(graph.matrix)]));
    const text = ['hash,matrix,valid', ...[...rows].map(([key, matrix]) => `${key},"${matrix}",90`)].join(
      '\n',
    );
    const store = createMemoryObjectStore();
    await writeTable(store, { name: 'small', space: 'nas-bench-101', text, source: 'small.csv' });
    const on = (space: string) =>
      withTable(
        store,
        load('random', `space=${space}`, 'stages.search.table={ name: small, column: valid }'),
      );
    await expect(on('{ name: nas-bench-101 }')).rejects.toThrow(
      /space: .*"maxVertices":7.*nas-bench-101-3, whose architectures the table small has.*maxVertices/,
    );
    await expect(on('{ name: nas-bench-101, maxVertices: 3 }')).resolves.toBeDefined();
  });

  it('is refused where the column has another unit', async () => {
    const fractions = rewritten('mean_acc', (cell) => String(Number(cell) / 100));
    await expect(start(fractions)).rejects.toThrow(/table\.unit: "percent".*unit to fraction/);
    await expect(start(fractions, 'stages.search.table.unit=fraction')).resolves.toBeDefined();
    await expect(start(macro, 'stages.search.table.unit=fraction')).rejects.toThrow(
      /table\.unit: "fraction".*unit to percent/,
    );
  });

  it('is refused where the table is another than the experiment names by its hash', async () => {
    const { sha256 } = (await start(macro)).stages.search.table ?? {};
    const resolved = await start(macro, `stages.search.table.sha256=${sha256}`);
    expect(resolved.stages.search.table?.sha256).toBe(sha256);
    await expect(start(macro, `stages.search.table.sha256=${'f'.repeat(64)}`)).rejects.toThrow(
      new RegExp(`table\\.sha256: "f{64}".*Allowed: ${sha256}, of the table macro`),
    );
  });

  it('is refused where the score is to be small as well', async () => {
    await expect(start(macro, 'strategy.minimise=[mean_acc]')).rejects.toThrow(
      /strategy: "mean_acc".*this one is the score/,
    );
    await expect(
      start(macro, 'stages.search.objective={ weights: { mean_acc: { target: 90 } } }'),
    ).rejects.toThrow(/search\.objective: "mean_acc".*this one is the score/);
  });

  /** Seven networks were not measured. */
  const unmeasured = rewritten('flops', (cell, row) => (row % 1000 === 1 ? '-1' : cell));
  const begun = { limits: { flops: { min: 0 } }, weights: {} };

  it('counts networks without a measure that is sought as infeasible', async () => {
    expect((await start(macro)).stages.search.objective).toBeUndefined();
    expect((await start(unmeasured)).stages.search.objective).toEqual(begun);
    const weighted = await start(
      unmeasured,
      'stages.search.objective={ weights: { flops: { target: 2e7 } } }',
    );
    expect(weighted.stages.search.objective).toMatchObject({ ...begun, weights: { flops: {} } });
    const limited = await start(unmeasured, 'stages.search.objective={ limits: { flops: { max: 2e7 } } }');
    expect(limited.stages.search.objective?.limits).toEqual({ flops: { min: 0, max: 2e7 } });
    const asked = await start(
      unmeasured,
      'stages.search.objective={ limits: { flops: { min: -1, max: 2e7 } } }',
    );
    expect(asked.stages.search.objective?.limits).toEqual({ flops: { min: -1, max: 2e7 } });
    // A column with other negative values has its own meaning.
    const signed = rewritten('flops', (cell, row) => (row % 1000 === 1 ? '-1' : String(-Number(cell))));
    expect((await start(signed)).stages.search.objective).toBeUndefined();
  });

  it('is refused where a value cannot be weighed, by column and line', async () => {
    const weighs = 'stages.search.objective.weights={ std: { target: 0.2 } }';
    await expect(start(macro, weighs)).rejects.toThrow(
      /objective\.weights: "std".*columns above 0.*has 0 for \d{8} in line \d+.*limits\.std\.min/,
    );
    const bounded = await start(macro, weighs, 'stages.search.objective.limits={ std: { min: 0.001 } }');
    expect(bounded.stages.search.objective?.weights).toHaveProperty('std');
  });
});
