import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { enasMacro } from '../../../nas/space/enas-macro.ts';
import { enasMicro } from '../../../nas/space/enas-micro.ts';
import {
  initialParameters,
  repeating,
  runEpisode,
  type Controller,
} from '../../../nas/training/controllers/controller.ts';
import { enasMacroController } from '../../../nas/training/controllers/enas-macro.ts';
import { enasMicroController } from '../../../nas/training/controllers/enas-micro.ts';
import { compileController, policyLoss } from '../../../nas/training/controllers/policy-gradient.ts';
import type { HostTensor } from '../../../nas/training/program.ts';
import { toTensor, type Tensor, type Tensors } from '../../../nas/training/graph/tensor.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const tensors = tf.memory().numTensors;
afterAll(() => expect(tf.memory().numTensors).toBe(tensors));

const settings = { hiddenUnits: 6, temperature: 2, tanhConstant: 2.5, operationTanhConstant: 1 };
const macro = enasMacroController({ ...settings, depth: 4, operations: 6, skipTarget: 0.4 });
const micro = enasMicroController({ ...settings, nodes: 5, operations: 5 });
const cases = [
  ['macro', macro, enasMacro(4)],
  ['micro', micro, enasMicro],
] as const;

const PENALTY_WEIGHT = 8;

/** Parameters larger than the initial ones, so that no gradient is nearly zero. */
const parametersOf = (controller: Controller): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(initialParameters(controller, (name) => deriveSeed(3, name))).map(([name, host]) => [
      name,
      { ...host, data: Float32Array.from(host.data, (value) => 5 * value) },
    ]),
  );

describe.each(cases)('controller of %s architectures', (_, controller, space) => {
  const { decisions } = space;
  const random = randomFromSeed(7);
  const choices = [0, 1, 2].flatMap(() => decisions?.toChoices(space.sample(random) as never) ?? []);
  const advantages = [7, -4, 2];
  const lossOf = (parameters: Readonly<Record<string, HostTensor>>): number => {
    const value = tf.tidy(() => {
      const vars = Object.fromEntries(
        Object.entries(parameters).map(([name, host]) => [name, toTensor(tf, host)]),
      );
      return policyLoss(
        tf,
        controller,
        vars,
        tf.tensor2d(choices, [3, controller.decisions], 'int32'),
        tf.tensor1d(advantages),
        PENALTY_WEIGHT,
      ).dataSync()[0] as number;
    });
    return value;
  };

  it('has the decisions of the space', () => {
    expect(controller.decisions).toBe(decisions?.sizes.length);
  });

  it('has the gradient of finite differences', () => {
    const parameters = parametersOf(controller);
    const names = Object.keys(parameters);
    const gradients = tf.tidy(() => {
      const values = names.map((name) => toTensor(tf, parameters[name] as HostTensor));
      const gradient = tf.grads(
        (...given: Tensor[]) =>
          policyLoss(
            tf,
            controller,
            Object.fromEntries(names.map((name, i) => [name, given[i] as Tensor])) as Tensors,
            tf.tensor2d(choices, [3, controller.decisions], 'int32'),
            tf.tensor1d(advantages),
            PENALTY_WEIGHT,
          ) as never,
      );
      return gradient(values).map((tensor) => Float32Array.from(tensor.dataSync()));
    });
    const step = 1e-2;
    let largest = 0;
    names.forEach((name, i) => {
      const host = parameters[name] as HostTensor;
      const pick = randomFromSeed(i);
      for (let k = 0; k < 2; k++) {
        const at = pick.int(host.data.length);
        const shifted = (by: number): number => {
          const data = Float32Array.from(host.data);
          data[at] = (data[at] as number) + by;
          return lossOf({ ...parameters, [name]: { ...host, data } });
        };
        const expected = (shifted(step) - shifted(-step)) / (2 * step);
        const actual = gradients[i]?.[at] as number;
        largest = Math.max(largest, Math.abs(actual));
        expect(Math.abs(actual - expected), `${name}[${at}]: ${actual}, ${expected}`).toBeLessThan(
          2e-3 + 0.01 * Math.abs(expected),
        );
      }
    });
    expect(largest).toBeGreaterThan(0.2);
  });

  it('draws valid architectures by the seed alone, and moves towards what is rewarded', async () => {
    const settings = {
      learningRate: 0.05,
      beta1: 0.9,
      epsilon: 1e-8,
      penaltyWeight: 0,
      sequences: 8,
      seed: 1,
    };
    const compiled = await compileController(tf, controller, settings);
    try {
      const first = compiled.sample([1, 2]);
      expect(compiled.sample([1, 2])).toEqual(first);
      expect(compiled.sample([1, 3])).not.toEqual(first);
      for (const { choices, entropy } of first) {
        const genotype = decisions?.fromChoices(choices);
        expect(space.validate(genotype)).toEqual(genotype);
        expect(entropy).toBeGreaterThan(0);
        const most = decisions?.sizes.reduce((sum, size) => sum + Math.log(size), 0) ?? 0;
        expect(entropy).toBeLessThanOrEqual(most * (1 + 1e-6));
      }
      // Reward: the share of decisions that are 1.
      const share = (choices: readonly number[]): number =>
        choices.filter((choice) => choice === 1).length / choices.length;
      const mean = (samples: readonly { readonly choices: readonly number[] }[]): number =>
        samples.reduce((sum, { choices }) => sum + share(choices), 0) / samples.length;
      const before = mean(first);
      for (let update = 0; update < 40; update++) {
        const samples = compiled.sample([5, update]);
        const baseline = mean(samples);
        compiled.reinforce(samples.map(({ choices }) => ({ choices, advantage: share(choices) - baseline })));
      }
      expect(mean(compiled.sample([1, 2]))).toBeGreaterThan(before + 0.15);
    } finally {
      compiled.dispose();
    }
  });

  it('gives a sequence the same probability when it is repeated', () => {
    const [sum, penalty] = tf.tidy(() => {
      const vars = Object.fromEntries(
        Object.entries(parametersOf(controller)).map(([name, host]) => [name, toTensor(tf, host)]),
      );
      const one = tf.tensor2d(choices, [3, controller.decisions], 'int32');
      const seen: Tensor[] = [];
      const episode = runEpisode(tf, controller, vars, 3, (logits, at) => {
        const chosen = repeating(tf, one)(logits, at);
        // By hand: the product of the softmax entries that were chosen.
        const probabilities = tf.softmax(logits).arraySync() as number[][][];
        const logs = (chosen.arraySync() as number[][]).map((row, m) =>
          row.reduce((total, choice, n) => total + Math.log(probabilities[m]?.[n]?.[choice] as number), 0),
        );
        seen.push(tf.tensor1d(logs));
        return chosen;
      });
      const difference = tf.max(tf.abs(tf.sub(tf.addN(seen), episode.logProbability))).dataSync()[0];
      expect(Array.from(episode.choices.dataSync())).toEqual(choices);
      return [difference as number, episode.penalty?.dataSync()];
    });
    expect(sum).toBeLessThan(1e-4);
    if (penalty !== undefined) for (const value of penalty) expect(value).toBeGreaterThan(0);
  });
});
