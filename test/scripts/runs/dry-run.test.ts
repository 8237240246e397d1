import { afterEach, describe, expect, it, vi } from 'vitest';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { readExperimentText } from '../../../nas/experiment/load-experiment.ts';
import { addBenchmark } from '../../../scripts/data/add-benchmark.ts';
import { seedShippedDataset } from '../../../scripts/data/shipped.ts';
import { planFor } from '../../../scripts/runs/dry-run.ts';
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
