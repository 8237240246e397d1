import { afterEach, describe, expect, it, vi } from 'vitest';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { readExperimentText } from '../../../nas/experiment/load-experiment.ts';
import { addBenchmark } from '../../../scripts/data/add-benchmark.ts';
import { seedShippedDataset } from '../../../scripts/data/shipped.ts';
import { planFor } from '../../../scripts/runs/dry-run.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';

const TEXT = `name: dry
space: { name: nas-bench-macro }
strategy: { name: random }
task: { data: fashion-mnist-small }
stages: { search: { seeds: [0], evaluations: 8 } }
resources: { parallelism: 2 }
`;
const load = (...overrides: string[]) => readExperimentText(TEXT, { file: 'dry.yaml', overrides });
const table = (name: string, column: string) => `stages.search.table={ name: ${name}, column: ${column} }`;

const filled = async () => {
  const store = createMemoryObjectStore();
  await seedShippedDataset(store);
  await addBenchmark(store, 'nas-bench-macro', {});
  return store;
};

afterEach(() => vi.restoreAllMocks());

describe('nas run --dry-run', () => {
  it('finds a table that the run would refuse, and names the one that it would search', async () => {
    const store = await filled();
    const plan = (override: string) => planFor(load(override), undefined, () => store);
    await expect(plan(table('nas-bench-macr', 'mean_acc'))).rejects.toThrow(
      /search\.table\.name: "nas-bench-macr".*did you mean nas-bench-macro/,
    );
    await expect(plan(table('nas-bench-macro', 'mean'))).rejects.toThrow(/table\.column: "mean"/);
    const { document } = await plan(table('nas-bench-macro', 'mean_acc'));
    expect(document).toMatchObject({
      experiment: {
        stages: { search: { table: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } } },
      },
    });
    expect(document).not.toHaveProperty('limits');
  });

  it('says how many random networks the limits leave', async () => {
    const store = await filled();
    const plan = (max: number) =>
      planFor(
        load(`stages.search.objective={ limits: { parameters: { max: ${max} } } }`),
        undefined,
        () => store,
      );
    const none = await plan(10);
    expect(none.text).toMatch(
      /# none of 1000 random networks are within the limits of the search; they have parameters from \d{4,} to \d{5,}$/,
    );
    expect(none.document).toMatchObject({ limits: { networks: 1000, within: 0 } });
    expect((await plan(1e9)).document).toMatchObject({ limits: { networks: 64, within: 64 } });
  });

  const several = ['stages.search.seeds=[0,1,2]', 'stages.retrain.topK=4', 'stages.evaluate.seeds=[0,1]'];

  it('names the jobs of searches that are compared one by one, and what the verdict sees', async () => {
    const store = await filled();
    const { text, document } = await planFor(load(...several), undefined, () => store);
    expect(text).toContain('# stage-2/search-0/cell-… (2 of 2)');
    expect(text).toContain('# stage-2/search-2/cell-… (1 of 1)');
    expect(text).toContain('# stage-3/baseline/search-1/seed-1');
    expect(text).toMatch(
      /# verdict: about the search, over 3 searches with 2 training seeds each\n# spreads: 0\.18 percentage points between winners of different searches, 0\.12 percentage points between trainings of one \(assumed as on CIFAR-10\)\n# it sees a difference of 0\.\d\d percentage points in 80 % of cases/,
    );
    const { jobs, estimates } = document as { jobs: string[]; estimates: { jobs: number }[] };
    const named = jobs.filter((job) => /^stage-3\/(winner|baseline)\/search-\d\/seed/.test(job));
    expect(named).toHaveLength(12);
    expect(estimates[1]?.jobs).toBe(4);
    expect(estimates[2]?.jobs).toBeGreaterThanOrEqual(12 + 3);
    const one = await planFor(load(), undefined, () => store);
    expect(one.text).toContain(
      '# verdict: about two cells (one search seed): it will claim nothing about the search',
    );
  });

  it('says how many searches a wanted effect needs, by assumed, given or measured spreads', async () => {
    const store = await filled();
    const asked = (wanted: { effect?: number; spreads?: string }, ...overrides: string[]) =>
      planFor(load(...overrides), undefined, () => store, wanted);
    const { text, document } = await asked({ effect: 0.3 }, ...several);
    expect(text).toMatch(
      /a difference of 0\.30 percentage points needs 9 searches .*; these 3 see it in \d+ %/,
    );
    expect(document).toMatchObject({ verdict: { claim: 'search', effect: 0.3, needed: 9 } });
    expect((await asked({ effect: 0.3, spreads: '0.06,0.12' })).document).toMatchObject({
      verdict: { claim: 'cell', needed: 3, source: 'given' },
    });
    const report = { verdict: { spreads: { searches: 0.0006, trainings: 0.0012 } } };
    await store.put(keys.report('measured', 'report.json'), new TextEncoder().encode(JSON.stringify(report)));
    expect((await asked({ effect: 0.3, spreads: 'measured' })).document).toMatchObject({
      verdict: { needed: 3, source: 'measured by run measured' },
    });
    await expect(asked({ spreads: 'unknown-run' })).rejects.toThrow(
      /--spreads: "unknown-run".*a run that has ended/,
    );
    await expect(asked({ spreads: '0.1' })).rejects.toThrow(/--spreads: "0\.1"/);
    await expect(asked({ spreads: '0.1,-1' })).rejects.toThrow(/two numbers from 0/);
    await expect(asked({ spreads: '0,0' })).rejects.toThrow(/not both 0/);
  });

  it('leaves out what only a store can tell, and says so', async () => {
    let said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true));
    const { text } = await planFor(load(table('unknown', 'c')), undefined, () => {
      throw infrastructureError('the stack is down', 'nas up');
    });
    expect(said).toMatch(/^data set and table not checked, no cost estimated: the stack is down/m);
    expect(text).toContain('stage-1/seed-0/trial-…');
  });
});
