import { describe, expect, it } from 'vitest';
import { checkAgainstDataset } from '../../nas/experiment/check-dataset.ts';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import { experimentSchema } from '../../nas/experiment/experiment.ts';
import type { ExperimentInput } from '../../nas/experiment/experiment.ts';
import { givenCell } from '../../nas/experiment/given-cell.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { searchJobs } from '../../nas/protocol/plan.ts';
import { countParameters } from '../../nas/training/layers/counting.ts';
import { describeClassifier } from '../../nas/training/networks/network.ts';
import { networkOf } from '../../nas/training/networks/registry.ts';
import { findArchitecture } from '../../scripts/runs/find-architecture.ts';
import { runRecordForTests } from '../support/run-record.ts';
import { printCellGenotype } from '../../nas/space/cell-genotype.ts';
import { definitionOf, type SpaceName } from '../../nas/space/registry.ts';
import { publishedCell } from '../../nas/space/published-cells.ts';

const INPUT: ExperimentInput = {
  name: 'given',
  space: { name: 'darts-cnn' },
  strategy: { name: 'given' },
  genotype: 'DARTS_V2',
  task: { data: 'toy' },
  stages: { retrain: { topK: 1 } },
};
const of = (change: Partial<ExperimentInput>) => givenCell(experimentSchema.parse({ ...INPUT, ...change }));

const publishedIn = (name: SpaceName): Readonly<Record<string, string>> => definitionOf(name).published();

describe('givenCell', () => {
  it.each(Object.keys(publishedIn('darts-cnn')))('knows %s, by name and in print', (name) => {
    const cell = of({ genotype: name });
    expect(cell.genotype).toBe(publishedIn('darts-cnn')[name]);
    expect(of({ genotype: cell.genotype })).toEqual(cell);
  });

  it.each([' DARTS_V2', 'DARTS_V2 ', 'DARTS_V2\n', '\tDARTS_V2\r\n', '\u00a0DARTS_V2', '\ufeffDARTS_V2'])(
    'takes no notice of blanks around a name: %j',
    async (genotype) => {
      expect(of({ genotype })).toEqual(of({ genotype: 'DARTS_V2' }));
      expect(of({ genotype: genotype.replace('DARTS_V2', 'random') })).toEqual(of({ genotype: 'random' }));
      const printed = of({ genotype: 'DARTS_V2' }).genotype;
      expect(of({ genotype: genotype.replace('DARTS_V2', printed) }).genotype).toBe(printed);
      expect(await findArchitecture(genotype)).toMatchObject({
        space: { name: 'darts-cnn' },
        genotype: printed,
      });
    },
  );

  it.each([' ', '\n', 'darts_v2 ', '"DARTS_V2"', "'DARTS_V2'", 'DARTS_V2;', 'DARTS_V2.'])(
    'lists the names where %j is none',
    (genotype) => {
      expect(() => of({ genotype })).toThrow(/Allowed: NASNet, AmoebaNet, .*random, or a printed genotype/);
    },
  );

  it('is the published cell that the name means', () => {
    expect(of({ genotype: 'DARTS_V1' }).genotype).toBe(printCellGenotype(publishedCell('DARTS_V1')));
  });

  it('draws a random cell with the first search seed', () => {
    const random = (seed: number) => of({ genotype: 'random', stages: { search: { seeds: [seed] } } });
    expect(random(0)).toEqual(random(0));
    expect(random(0).hash).not.toBe(random(1).hash);
  });
});

const TEXT = `name: given
space: { name: darts-cnn }
strategy: { name: given }
genotype: DARTS_V2
task: { data: toy }
stages: { retrain: { topK: 0 } }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'given.yaml', overrides });

it('takes a genotype that is printed as JSON in quotes and without', () => {
  const printed = publishedIn('nasnet')['NASNET_A'] as string;
  const { experiment } = load('space.name=nasnet', `genotype=${printed}`);
  expect(givenCell(experiment).genotype).toBe(printed);
  expect(() =>
    load('space.name=nasnet', `genotype=${printed.replace('sep_conv_3x3', 'sep_conv_4x4')}`),
  ).toThrow(/sep_conv_4x4.*Allowed/s);
});

describe.each(['darts-cnn', 'nasnet', 'pnas', 'enas-macro', 'enas-micro'] as const)(
  'published architectures of %s',
  (name) => {
    const space = { name, ...(name === 'enas-macro' && { depth: 24 }) } as ExperimentInput['space'];
    it('can be given by name and in print, and are built as networks', () => {
      expect(Object.keys(publishedIn(name))).not.toEqual([]);
      for (const published of Object.keys(publishedIn(name))) {
        const { genotype, hash } = of({ space, genotype: published });
        expect(of({ space, genotype })).toEqual({ genotype, hash });
        const setting = {
          size: { channels: 12, layers: 8, stem: 'cifar' },
          image: [32, 32, 3],
          classes: 10,
          auxiliary: false,
        } as const;
        const network = networkOf(experimentSchema.parse({ ...INPUT, space }).space, genotype);
        expect(countParameters(describeClassifier(network, setting))).toBeGreaterThan(1000);
      }
    });
  },
);

it('NASNet-A in its own space is the cell that the DARTS authors write in theirs', () => {
  expect(JSON.parse(publishedIn('nasnet')['NASNET_A'] as string)).toMatchObject({
    normal: [
      [1, 0, 'sep_conv_5x5', 'sep_conv_3x3', 'add'],
      [0, 0, 'sep_conv_5x5', 'sep_conv_3x3', 'add'],
      [1, 0, 'avg_pool_3x3', 'identity', 'add'],
      [0, 0, 'avg_pool_3x3', 'avg_pool_3x3', 'add'],
      [1, 1, 'sep_conv_3x3', 'identity', 'add'],
    ],
  });
});

describe('an experiment with a given cell', () => {
  it('has nothing to search for', () => {
    expect(searchJobs(load().experiment)).toEqual([]);
  });

  it('is not held to what a search would need of the data', () => {
    const split = (count: number) => ({ count, shards: [] });
    const dataset = {
      name: 'toy',
      shape: [32, 32, 3],
      classes: ['a', 'b'],
      splits: { train: split(100), test: split(10) },
    } as unknown as ImageManifest;
    const check = (...overrides: string[]): void => {
      const { experiment, place } = load(...overrides);
      checkAgainstDataset(experiment, dataset, place);
    };
    const small = ['stages.retrain.recipe={batchSize: 16}', 'stages.evaluate.recipe={batchSize: 16}'];
    expect(() => check(...small)).not.toThrow();
    expect(() => check(small[0] as string, 'stages.evaluate.recipe={batchSize: 101}')).toThrow(
      /stages\.evaluate\.recipe\.batchSize/,
    );
    expect(() => check(small[1] as string)).toThrow(/stages\.retrain\.recipe\.batchSize/);
  });

  it('is another experiment with another cell', () => {
    const hash = (genotype: string): string => runRecordForTests('r', { ...INPUT, genotype }).experimentHash;
    expect(hash('DARTS_V1')).not.toBe(hash('DARTS_V2'));
  });

  it.each([
    ['an unknown name', ['genotype=DARTS_V3'], /^--set genotype: "DARTS_V3".*did you mean DARTS_V/],
    [
      'a genotype with an unknown operation',
      [
        "genotype=Genotype(normal=[('conv', 0), ('none', 1)], normal_concat=[2], reduce=[], reduce_concat=[2])",
      ],
      /genotype\.normal\[0\]: "conv"/,
    ],
    ['no cell', ['genotype=null'], /genotype/],
    ['two cells to choose from', ['stages.retrain.topK=2'], /topK: 2 .*0 or 1/],
    [
      'a cell beside a search',
      ['strategy={name: darts, optimization: first-order}'],
      /genotype: "DARTS_V2" .*left out/,
    ],
  ])('refuses %s', (_, overrides, message) => {
    expect(() => load(...overrides)).toThrow(message);
  });
});
