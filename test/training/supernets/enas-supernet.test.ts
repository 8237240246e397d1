import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { strategySchema } from '../../../nas/experiment/experiment.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import type { ImageTypes } from '../../../nas/task/images/image-classification.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import type { SpaceChoice } from '../../../nas/space/registry.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import type { EnasMicroGenotype } from '../../../nas/space/enas-micro.ts';
import { compileGraph, type CompiledGraph } from '../../../nas/training/graph/compile.ts';
import { lossAndGradients } from '../../../nas/training/graph/gradients.ts';
import { crossEntropy } from '../../../nas/training/tasks/images/losses.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { choiceSupernet } from '../../../nas/training/tasks/images/choice-supernet.ts';
import { pathChoices, sharedLayers, valuesOf } from '../../../nas/training/supernets/enas-choices.ts';
import { macroSupernet } from '../../../nas/training/supernets/enas-macro.ts';
import { microSupernet } from '../../../nas/training/supernets/enas-micro.ts';
import { toTensor, type Tensor } from '../../../nas/training/graph/tensor.ts';
import { prefixed } from '../../../nas/training/graph/variable-groups.ts';
import { eagerTrace } from '../../../nas/training/graph/trace-eager.ts';
import { tinyData } from '../programs/tiny-data.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const data = tinyData();
const BATCH = 6;

const specOf = (space: SpaceChoice): SearchSpec<'enas', ImageTypes> => ({
  kind: 'enas-search',
  space,
  strategy: strategySchema.parse({ name: 'enas' }) as SearchSpec<'enas'>['strategy'],
  network: { channels: 4, layers: 2, stem: 'cifar' },
  recipe: recipeSchema.parse({}),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 0, horizontalFlip: false, cutout: 0 },
  },
  seed: 2,
});

describe.each<SpaceChoice>([{ name: 'enas-macro', depth: 4 }, { name: 'enas-micro' }])(
  'shared weights of $name',
  (choice) => {
    const spec = specOf(choice);
    const supernet = choiceSupernet(tf, data, spec);
    const { weights, buffers } = supernet.classifier;
    const names = Object.keys(weights);
    const random = randomFromSeed(4);
    const x: HostTensor = {
      dtype: 'float32',
      shape: [BATCH, 8, 8, 1],
      data: Float32Array.from({ length: BATCH * 64 }, () => random.normal()),
    };
    const y: HostTensor = { dtype: 'int32', shape: [BATCH], data: Int32Array.of(0, 1, 2, 3, 0, 1) };
    let graph: CompiledGraph;
    beforeAll(async () => {
      graph = await compileGraph(tf, {
        variables: { ...weights, ...buffers },
        functions: {
          step: {
            inputs: {
              x: { shape: x.shape, dtype: 'float32' },
              y: { shape: [BATCH], dtype: 'int32' },
              ...supernet.classifier.inputs,
            },
            body: (vars, inputs, trace) => {
              const params = Object.fromEntries(names.map((name) => [name, vars[name] as Tensor]));
              const { loss, gradients, extra } = lossAndGradients(tf, trace, params, () => {
                const { logits, gatedBuffers } = supernet.classifier.train({
                  trace,
                  vars,
                  x: inputs['x'] as Tensor,
                  inputs,
                  drop: { seed: tf.tensor1d([0, 0], 'int32') },
                });
                const moved = prefixed('gated', gatedBuffers ?? {});
                return { loss: crossEntropy(tf, logits, inputs['y'] as Tensor), extra: moved };
              });
              return { outputs: { loss, ...gradients, ...extra } };
            },
          },
        },
      });
    });
    afterAll(() => graph.dispose());

    /** The same child without gates: of parameters with several values it is given the one that it uses. */
    const plainStep = (genotype: unknown) => {
      const path = supernet.path(genotype as never).data;
      const rowOf = (name: string): number => {
        const [, cell, edge] = /^cells\.(\d+)\.edges\.(\d+)\./.exec(name) as unknown as [
          string,
          string,
          string,
        ];
        const micro = genotype as EnasMicroGenotype;
        // With two cells both are reductions.
        return (Number(cell) < 2 ? micro.reduce : micro.normal)[2 * Number(edge)] as number;
      };
      const used = Object.fromEntries(
        names.map((name): [string, HostTensor] => {
          const host = weights[name] as HostTensor;
          const values = valuesOf(name);
          if (values === undefined) return [name, host];
          const size = host.data.length / values;
          const row = rowOf(name);
          return [
            name,
            { ...host, shape: host.shape.slice(1), data: host.data.slice(row * size, (row + 1) * size) },
          ];
        }),
      );
      const trace = eagerTrace(tf);
      tf.engine().startScope();
      const result = ((): { loss: number; gradients: Map<string, Float32Array> } => {
        const vars = Object.fromEntries(names.map((name) => [name, toTensor(tf, used[name] as HostTensor)]));
        const { loss, gradients } = lossAndGradients(tf, trace, vars, () => {
          const layers = sharedLayers(tf, vars, trace);
          const setting = { size: spec.network, image: data.shape, classes: data.classes, auxiliary: false };
          const choices = pathChoices<Tensor>(path);
          const logits =
            choice.name === 'enas-macro'
              ? macroSupernet(layers, toTensor(tf, x), choice.depth, setting, choices)
              : microSupernet(layers, toTensor(tf, x), setting, choices);
          return {
            loss: crossEntropy(tf, tf.reshape(logits, [BATCH, data.classes]), toTensor(tf, y)),
            extra: {},
          };
        });
        return {
          loss: loss.dataSync()[0] as number,
          gradients: new Map(
            names.map((name) => [name, Float32Array.from((gradients[name] as Tensor).dataSync())]),
          ),
        };
      })();
      tf.engine().endScope();
      trace.release();
      return { ...result, rowOf };
    };

    it('gives a child the loss and gradients that it has without gates, and the others none', () => {
      for (let i = 0; i < 4; i++) {
        const genotype = supernet.space.sample(random);
        const outputs = graph.call('step', { x, y, path: supernet.path(genotype) });
        const plain = plainStep(genotype);
        expect(outputs['loss']?.data[0]).toBeCloseTo(plain.loss, 5);
        let untouched = 0;
        for (const name of names) {
          const actual = outputs[name]?.data as Float32Array;
          const expected = plain.gradients.get(name) as Float32Array;
          const offset = valuesOf(name) === undefined ? 0 : plain.rowOf(name) * expected.length;
          const worst = actual.reduce(
            (most, value, at) => Math.max(most, Math.abs(value - (expected[at - offset] ?? 0))),
            0,
          );
          expect(worst, name).toBeLessThan(1e-5);
          if (actual.every((value) => value === 0)) untouched += 1;
        }
        expect(untouched).toBeGreaterThan(names.length / 4);
      }
    });

    it.runIf(choice.name === 'enas-macro')('moves the running statistics of what a child uses alone', () => {
      const genotype = supernet.space.sample(random);
      const outputs = graph.call('step', { x, y, path: supernet.path(genotype) });
      const steps = Object.entries(outputs).filter(([name]) => /^gated\/.*\.running_steps$/.test(name));
      // Every operation has one before it; a layer chooses one of six.
      expect(steps).toHaveLength(6 * 4);
      const moved = steps.flatMap(([name, { data }]) => (data[0] === 1 ? [name] : []));
      expect(moved.map((name) => /layers\.\d/.exec(name)?.[0])).toEqual(
        [0, 1, 2, 3].map((layer) => `layers.${layer}`),
      );
    });

    it('counts a child below the whole', () => {
      const costs = Array.from({ length: 8 }, () => supernet.multiplyAdds(supernet.space.sample(random)));
      expect(new Set(costs).size).toBeGreaterThan(1);
      expect(Math.min(...costs)).toBeGreaterThan(0);
    });
  },
);
