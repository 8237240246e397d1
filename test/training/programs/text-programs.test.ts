import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { strategySchema } from '../../../nas/experiment/experiment.ts';
import type { SearchResult, TrainResult } from '../../../nas/job/program-result.ts';
import type { ProgramTask, SearchSpec, TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import { ONE_JOB_SEARCHES, type OneJobName } from '../../../nas/search/one-job/registry.ts';
import { PUBLISHED_DARTS_RNN } from '../../../nas/space/darts-rnn.ts';
import { PUBLISHED_NAS_RL_RNN } from '../../../nas/space/nas-rl-rnn.ts';
import { spaceSchema, type SpaceName } from '../../../nas/space/registry.ts';
import { perplexity } from '../../../nas/task/text/perplexity.ts';
import { textCuts } from '../../../nas/task/text/cuts.ts';
import { END_OF_LINE, type Vocabulary } from '../../../nas/task/text/vocabulary.ts';
import { networkSchema, recipeSchema, type TextRecipe } from '../../../nas/task/text/recipe.ts';
import type { TrainingProgram } from '../../../nas/training/program.ts';
import { passesOf } from '../../../nas/training/programs/passes.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import type { TextSource } from '../../../nas/training/tasks/text/text-data.ts';
import { expectExactResume, finish, walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const VOCABULARY = 12;
const TYPES: Vocabulary = Array.from({ length: VOCABULARY }, (_, id) => (id === 0 ? END_OF_LINE : `w${id}`));
/** A text in which every word is followed by one of two. */
const text = (seed: number, count: number): Uint16Array => {
  const random = randomFromSeed(seed);
  let word = 0;
  return Uint16Array.from({ length: count }, () => (word = (3 * word + 1 + random.int(2)) % VOCABULARY));
};
const counts = { train: 1300, validation: 420, test: 90 };
const source: TextSource = {
  vocabulary: VOCABULARY,
  counts,
  open: async (split) => text({ train: 1, validation: 2, test: 3 }[split], counts[split]),
  types: async () => TYPES,
};

/** Some places of a walk: its second step, and two further on. */
const placesIn = ({
  snapshots: { length },
}: {
  readonly snapshots: readonly unknown[];
}): readonly number[] => [1, Math.floor(0.4 * length), Math.floor(0.8 * length)];

const task = (space: object, recipe: object = {}): ProgramTask =>
  ({
    space: spaceSchema.parse(space),
    network: networkSchema.parse({ embedding: 8 }),
    recipe: recipeSchema.parse({
      epochs: 2,
      batchSize: 8,
      evaluationBatchSize: 4,
      bptt: 12,
      lengths: 'normal',
      dropouts: { embedding: 0.1, input: 0.1, cell: 0.2, hidden: 0.1, output: 0.2 },
      ...recipe,
    }),
    data: { task: 'language-modelling' },
    seed: 3,
  }) as unknown as ProgramTask;

const training = (space: object, genotype: string, recipe: object = {}): TrainNetworkSpec => ({
  kind: 'train-network',
  genotype,
  trainOn: 'train',
  evaluateOn: 'test',
  validateEvery: 1,
  ...task(space, recipe),
});

const search = <Name extends OneJobName>(
  name: Name,
  space: object,
  options: object,
  recipe: object = {},
): SearchSpec<Name> =>
  ({
    kind: ONE_JOB_SEARCHES[name].program,
    strategy: strategySchema.parse({ name, ...options }),
    ...task(space, { lengths: 'halved', ...recipe }),
  }) as unknown as SearchSpec<Name>;

const programs: TrainingProgram[] = [];
const create = async (spec: TrainNetworkSpec | SearchSpec): Promise<TrainingProgram> => {
  const program = await createProgram(spec, { tf, data: source });
  programs.push(program);
  return program;
};
afterAll(() => programs.forEach((program) => program.dispose()));

const CELLS = [
  ['darts-rnn', { name: 'darts-rnn' }, PUBLISHED_DARTS_RNN.DARTS_V2 as string],
  ['enas-rnn', { name: 'enas-rnn', depth: 4 }, '0 0 1 1 2 0 3'],
  ['nas-rl-rnn', { name: 'nas-rl-rnn' }, PUBLISHED_NAS_RL_RNN.NASCell],
] as const satisfies readonly (readonly [SpaceName, object, string])[];

describe.each(CELLS)('a cell of %s', (_, space, genotype) => {
  it('learns a text, whose next word is one of two, and goes on bit for bit', async () => {
    const learning = {
      epochs: 15,
      dropouts: { input: 0, cell: 0, hidden: 0, output: 0 },
      optimizer: { kind: 'adam', learningRate: 0.01 },
    };
    const program = await create({
      ...training(space, genotype, learning),
      network: networkSchema.parse({ embedding: 32 }),
    });
    const { curve, accuracy } = await finish<TrainResult>(program);
    expect(curve).toHaveLength(15);
    expect(perplexity.value(accuracy)).toBeLessThan(4);
    const short = training(space, genotype);
    const whole = await walk<TrainResult>(await create(short));
    const { trained, scored } = passesOf(short, textCuts(counts, short.recipe as TextRecipe, short.seed));
    expect(whole.result.cost.images).toBe(trained + scored);
    await expectExactResume(() => create(short), whole, placesIn(whole));
  });
});

describe('a text that a trained network writes', () => {
  const [, space, genotype] = CELLS[0];
  const short = { epochs: 1, lengths: 'halved' };

  it('is 200 tokens of the vocabulary, the same of every training', async () => {
    const [first, second] = [
      await create(training(space, genotype, short)),
      await create(training(space, genotype, short)),
    ];
    const { specimen = '' } = await finish<TrainResult>(first);
    const words = specimen.split('\n').flatMap((line) => line.split(' ').filter((word) => word !== ''));
    expect(words.length + specimen.split('\n').length - 1).toBe(200);
    for (const word of words) expect(TYPES).toContain(word);
    expect((await finish<TrainResult>(second)).specimen).toBe(specimen);
  });

  it('follows the rule of a text that was learnt well', async () => {
    const learnt = await create({
      ...training(space, genotype, {
        epochs: 15,
        dropouts: { input: 0, cell: 0, hidden: 0, output: 0 },
        optimizer: { kind: 'adam', learningRate: 0.01 },
      }),
      network: networkSchema.parse({ embedding: 32 }),
    });
    const { specimen = '' } = await finish<TrainResult>(learnt);
    const ids = [...specimen.matchAll(/w(\d+)|\n/g)].map(([, id = '0']) => Number(id));
    const follows = ids.slice(1).filter((id, i) => {
      const next = 3 * (ids[i] as number) + 1;
      return id === next % VOCABULARY || id === (next + 1) % VOCABULARY;
    });
    expect(follows.length / (ids.length - 1)).toBeGreaterThan(0.85);
  });

  it('is written by the averaged weights, and is the same after a reclaim', async () => {
    const optimizer = { kind: 'adam', learningRate: 0.01 };
    const spec = (emaDecay: number): TrainNetworkSpec =>
      training(space, genotype, { ...short, epochs: 3, optimizer, emaDecay });
    const averaged = await walk<TrainResult>(await create(spec(0.9999)));
    const latest = await finish<TrainResult>(await create(spec(0)));
    expect(averaged.result.specimen).not.toBe(latest.specimen);
    await expectExactResume(() => create(spec(0.9999)), averaged, placesIn(averaged));
  });

  it('is none of a network that is scored on the validation text', async () => {
    const spec = { ...training(space, genotype, short), evaluateOn: 'validation' } as const;
    expect(await finish<TrainResult>(await create(spec))).not.toHaveProperty('specimen');
  });
});

describe('searches of recurrent cells in one job', () => {
  it.each(['first-order', 'second-order'] as const)('DARTS, %s, finds a cell', async (optimization) => {
    const spec = search(
      'darts',
      { name: 'darts-rnn' },
      { optimization, ...(optimization === 'second-order' && { unrolling: 'clipped' }) },
    );
    const whole = await walk<SearchResult>(await create(spec));
    const { candidates } = whole.result;
    expect(candidates).toHaveLength(1);
    expect(candidates[0]?.genotype).toMatch(/^Genotype\(recurrent=/);
    await expectExactResume(() => create(spec), whole, placesIn(whole));
  });

  it('ENAS learns by a constant over perplexities', async () => {
    const controller = { hiddenUnits: 8, learningRate: 0.01, updates: 2, samples: 3, rewardConstant: 80 };
    const spec = search('enas', { name: 'enas-rnn', depth: 4 }, { candidates: 3, controller });
    const whole = await walk<SearchResult>(await create(spec));
    const { candidates, curve } = whole.result;
    expect(candidates.map(({ genotype }) => genotype.split(' '))).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ length: 7 })),
    );
    for (const { controller: of } of curve) {
      expect(of?.reward).toBeGreaterThan(0);
      expect(of?.reward).toBeLessThan(80);
    }
    await expectExactResume(() => create(spec), whole, placesIn(whole));
  });

  it.each(['darts-rnn', 'enas-rnn'] as const)('random weight sharing ranks cells of %s', async (name) => {
    const options = { candidates: 4, scoreMinibatches: 1, rescore: 2 };
    const spec = search(
      'random-weight-sharing',
      name === 'enas-rnn' ? { name, depth: 4 } : { name },
      options,
    );
    const whole = await walk<SearchResult>(await create(spec));
    expect(whole.result.candidates).toHaveLength(4);
    await expectExactResume(() => create(spec), whole, placesIn(whole));
  });
});
