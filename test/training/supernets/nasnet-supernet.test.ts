import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { Json } from '../../../nas/core/json.ts';
import { ONE_JOB_SEARCHES } from '../../../nas/search/one-job/registry.ts';
import type { ProgramTask } from '../../../nas/job/program-spec.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { ImageTypes } from '../../../nas/task/images/image-classification.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import {
  NASNET_BLOCKS,
  nasnetOutputs,
  type NasnetBlock,
  type NasnetGenotype,
} from '../../../nas/space/nasnet.ts';
import { pnasAsNasnet, type PnasGenotype } from '../../../nas/space/pnas.ts';
import { compileGraph, type CompiledGraph } from '../../../nas/training/graph/compile.ts';
import { networkOf } from '../../../nas/training/networks/registry.ts';
import { describeClassifier, type NetworkSetting } from '../../../nas/training/networks/network.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { choiceSupernet } from '../../../nas/training/tasks/images/choice-supernet.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { planCells } from '../../../nas/training/networks/cell-plan.ts';
import { stemCells } from '../../../nas/training/networks/stems.ts';
import { sharedLayers } from '../../../nas/training/supernets/enas-choices.ts';
import { toTensor, type Tensor } from '../../../nas/training/graph/tensor.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';
import { tinyData } from '../programs/tiny-data.ts';
import { finish } from '../programs/walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const data = tinyData();
const BATCH = 4;
const random = randomFromSeed(9);
const SIZES = {
  cifar: { channels: 2, layers: 3, stem: 'cifar', side: 8 },
  imagenet: { channels: 8, layers: 1, stem: 'imagenet', side: 16 },
} as const;

const cellsOf = (space: 'nasnet' | 'pnas', genotype: Json): NasnetGenotype =>
  space === 'nasnet'
    ? (genotype as unknown as NasnetGenotype)
    : pnasAsNasnet(genotype as unknown as PnasGenotype);

/**
 * With one input that no block of the normal cell reads, and the other one that none of the reduction cell
 * reads.
 */
const withUnreadInputs = ({ normal, reduce }: NasnetGenotype): NasnetGenotype => {
  const without = (input: number, blocks: readonly NasnetBlock[]): NasnetBlock[] =>
    blocks.map(([first, second, ...rest]) => {
      const other = (state: number): number => (state === input ? 1 - input : state);
      return [other(first), other(second), ...rest];
    });
  return { normal: without(0, normal), reduce: without(1, reduce) };
};

const TIMEOUT = 600_000;

describe.each([
  ['nasnet', 'cifar'],
  ['pnas', 'cifar'],
  ['nasnet', 'imagenet'],
] as const)('shared weights of %s on a stem for %s', { timeout: TIMEOUT }, (name, stem) => {
  const { side, ...size } = SIZES[stem];
  const setting: NetworkSetting = {
    size,
    image: [side, side, 1],
    classes: data.classes,
    auxiliary: false,
  };
  const x: HostTensor = {
    dtype: 'float32',
    shape: [BATCH, side, side, 1],
    data: Float32Array.from({ length: BATCH * side * side }, () => random.normal()),
  };
  const task: ProgramTask<ImageTypes> = {
    space: { name },
    network: setting.size,
    recipe: recipeSchema.parse({}),
    data: {
      validationFraction: 0.5,
      splitSeed: 0,
      augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
    },
    seed: 3,
  };
  const supernet = choiceSupernet(tf, { ...data, shape: setting.image }, task);
  const { weights } = supernet.classifier;
  const plans = [...(stem === 'imagenet' ? stemCells(size.channels) : []), ...planCells(size)];
  const placeOf = (cell: string): number => plans.findIndex((plan) => plan.name === cell);
  let graph: CompiledGraph;
  beforeAll(async () => {
    graph = await compileGraph(tf, {
      variables: weights,
      functions: {
        logits: {
          inputs: { x: { shape: x.shape, dtype: 'float32' }, ...supernet.classifier.inputs },
          body: (vars, inputs, trace) => ({
            outputs: {
              logits: supernet.classifier.evaluate({ trace, vars, x: inputs['x'] as Tensor, inputs }),
            },
          }),
        },
      },
    });
  });
  afterAll(() => graph.dispose());

  /** Channels that a cell of a child puts out, by their places in the supernet's output. */
  const outputRows = (genotype: Json, index: number): readonly number[] | undefined => {
    const plan = plans[index];
    if (plan === undefined) return undefined;
    const cells = cellsOf(name, genotype);
    const kind = plan.reduction ? 'reduce' : 'normal';
    const blocks = cells[kind];
    const room = (name === 'nasnet' ? 2 : 1) * plan.channels;
    return nasnetOutputs(cells, kind).flatMap((state) => {
      const joined = blocks[state - 2]?.[4] === 'concat';
      const start = state < 2 ? NASNET_BLOCKS * room + state * plan.channels : (state - 2) * room;
      return Array.from({ length: (joined ? 2 : 1) * plan.channels }, (_, i) => start + i);
    });
  };
  const gathered = (host: HostTensor, axis: number, rows: readonly number[] | undefined): HostTensor => {
    if (rows === undefined) return host;
    const picked = tf.tidy(() => tf.gather(toTensor(tf, host), [...rows], axis));
    const result = { ...host, shape: picked.shape, data: picked.dataSync() as Float32Array };
    picked.dispose();
    return result as HostTensor;
  };
  /** A weight of the child's own network, out of the shared ones. */
  const own = (genotype: Json, variable: string): HostTensor => {
    const cells = cellsOf(name, genotype);
    if (variable === 'classifier.weight')
      return gathered(weights[variable] as HostTensor, 0, outputRows(genotype, plans.length - 1));
    const input = /^((?:cells|stem)\.\d+)\.preprocess([01])\..*(op\.1|conv_[12])\.weight$/.exec(variable);
    if (input !== null) {
      const source = placeOf(input[1] as string) - (input[2] === '1' ? 1 : 2);
      return gathered(weights[variable] as HostTensor, 2, outputRows(genotype, source));
    }
    const edge = /^((?:cells|stem)\.\d+)\.blocks\.(\d+)\.([01])\.(.*)$/.exec(variable);
    if (edge === null) return weights[variable] as HostTensor;
    const [, cell, b, at, rest] = edge as unknown as [string, string, string, string, string];
    const reduction = plans[placeOf(cell)]?.reduction === true;
    const block = (reduction ? cells.reduce : cells.normal)[Number(b)] as NasnetBlock;
    const [state, operation] = at === '0' ? [block[0], block[2]] : [block[1], block[3]];
    const [group, values, row] = !reduction
      ? ['', Number(b) + 2, state]
      : state < 2
        ? ['.input', 2, state]
        : ['.block', Number(b), state - 2];
    const shared = `${cell}.blocks.${b}.${at}${group}.${operation}.of${values}.op.${rest}`;
    const host = weights[shared] as HostTensor;
    const { data: all, shape } = host;
    const size = all.length / values;
    return { ...host, shape: shape.slice(1), data: all.slice(row * size, (row + 1) * size) } as HostTensor;
  };

  it('gives a child the logits of its own network', () => {
    const samples = Array.from({ length: 3 }, () => supernet.space.sample(random));
    if (name === 'nasnet')
      samples.push(withUnreadInputs(samples[0] as unknown as NasnetGenotype) as unknown as Json);
    for (const genotype of samples) {
      const network = networkOf({ name }, supernet.space.print(genotype));
      const names = describeClassifier(network, setting)
        .declarations.filter(({ role }) => role === 'weight')
        .map((declaration) => declaration.name);
      const trace = eagerTrace(tf);
      const expected = tf.tidy(() => {
        const vars = Object.fromEntries(
          names.map((variable) => [variable, toTensor(tf, own(genotype, variable))]),
        );
        const { logits } = network(setting)(sharedLayers(tf, vars, trace), toTensor(tf, x));
        return Array.from(logits.dataSync());
      });
      trace.release();
      const actual = graph.call('logits', { x, path: supernet.path(genotype) })['logits']?.data;
      expect(new Set(expected).size).toBeGreaterThan(BATCH);
      expected.forEach((value, at) => expect(actual?.[at]).toBeCloseTo(value, 4));
    }
  });

  if (stem === 'imagenet') return;

  // The other space's operations are among these, and its blocks are never joined.
  if (name === 'nasnet')
    it('is trained and scored by random search with weight sharing', async () => {
      const program = await createProgram(
        {
          ...task,
          kind: 'weight-sharing-search',
          strategy: ONE_JOB_SEARCHES['random-weight-sharing'].schema.parse({
            name: 'random-weight-sharing',
            candidates: 3,
            scoreMinibatches: 1,
            rescore: 1,
            scoreStatistics: 'batch',
          }),
          // One reduction cell: the smallest network there is.
          network: { ...setting.size, layers: 1 },
          recipe: recipeSchema.parse({ epochs: 1, batchSize: 16 }),
        },
        { tf, data },
      );
      try {
        const { candidates } = await finish<SearchResult>(program);
        expect(candidates).toHaveLength(3);
        for (const { genotype } of candidates)
          expect(supernet.space.print(supernet.space.parse(genotype))).toBe(genotype);
      } finally {
        program.dispose();
      }
    });

  it('tells children apart by what they cost', () => {
    const costs = Array.from({ length: 6 }, () => supernet.multiplyAdds(supernet.space.sample(random)));
    expect(new Set(costs).size).toBeGreaterThan(1);
  });
});
