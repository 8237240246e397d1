import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { nasBench101 } from '../../../nas/space/nas-bench-101.ts';
import { nasRlGrowing } from '../../../nas/space/nas-rl.ts';
import { SPACES } from '../../../nas/space/registry.ts';
import type { Space } from '../../../nas/space/space.ts';
import { controllerShapes, controllerSize } from '../../../nas/search/trials/controller-math.ts';
import type { ControllerEpisode, ControllerShape } from '../../../nas/search/trials/controller-math.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import { createControllerMath } from '../../../nas/training/controllers/controller-math.ts';
import { plain, strategyContract, wrapped } from '../contract.ts';

const math = createControllerMath(loadTensorFlow({ threads: 1 }).tf);

/** A small table, graphs with constraints, and chains with anchor points that grow. */
strategyContract(
  [SPACES['nas-bench-201'], nasBench101(5) as unknown as Space, nasRlGrowing([2, 4]) as unknown as Space],
  Object.values(STRATEGIES)
    .filter(({ needsController }) => needsController)
    .map(plain),
  { controller: math },
);
strategyContract(
  [SPACES['nas-bench-201']],
  [wrapped(STRATEGIES.asha, STRATEGIES['nasnet-ppo']), wrapped(STRATEGIES.hyperband, STRATEGIES['nas-rl'])],
  { controller: math },
);

/** A controller with all kinds of step, small enough to differentiate by differences. */
const shape: ControllerShape = {
  layers: 2,
  hidden: 3,
  steps: [
    { kind: 'choice', table: 'a', size: 3 },
    { kind: 'anchor', bits: 0 },
    { kind: 'choice', table: 'a', size: 3 },
    { kind: 'anchor', bits: 1 },
    { kind: 'choice', table: 'b', size: 2 },
    { kind: 'anchor', bits: 2 },
    // A decision of a single option, as the first inputs of a cell of DARTS.
    { kind: 'choice', table: 'c', size: 1 },
    { kind: 'choice', table: 'b', size: 2 },
  ],
  tables: { a: 3, b: 2, c: 1 },
  anchors: true,
};
const random = randomFromSeed(4);
const parameters = Float32Array.from({ length: controllerSize(shape) }, () => 0.8 * random.normal());
const CHOICES = [
  [0, 2, 1, 1, 0, 1, 0, 1],
  [2, 1, 0, 0, 1, 1, 0, 0],
];

describe('the controller', () => {
  it('draws by inversion, with the probability that it says', () => {
    const counts = new Map<string, number>();
    const said = new Map<string, number>();
    for (let i = 0; i < 1500; i++) {
      const drawn = math.sample(
        { ...shape, steps: shape.steps.slice(0, 4) },
        parameters,
        [0, 0, 0].map(() => random.uniform()),
      );
      const key = drawn.choices.join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
      said.set(key, drawn.logProbability);
    }
    const probabilities = [...said.values()].map(Math.exp);
    expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 2);
    for (const [key, count] of counts)
      expect(Math.abs(count / 1500 - Math.exp(said.get(key) as number)), key).toBeLessThan(0.05);
  });

  it('says of given choices what it said when it drew them', () => {
    const drawn = math.sample(shape, parameters, [0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.4, 0.6]);
    expect(math.logProbability(shape, parameters, drawn.choices)).toBeCloseTo(drawn.logProbability, 5);
  });

  const logProbabilities = (at: Float32Array): readonly number[] =>
    CHOICES.map((choices) => math.logProbability(shape, at, choices));
  const old = logProbabilities(parameters.map((x) => 0.95 * x));
  const episodes: readonly ControllerEpisode[] = CHOICES.map((choices, i) => ({
    choices,
    advantage: [1.3, -0.7][i] as number,
    logProbability: old[i] as number,
  }));
  const objectives = {
    reinforce: (at: Float32Array) =>
      logProbabilities(at).reduce(
        (sum, log, i) => sum + ((episodes[i] as ControllerEpisode).advantage * log) / 2,
        0,
      ),
    ppo: (at: Float32Array) =>
      logProbabilities(at).reduce((sum, log, i) => {
        const { advantage, logProbability } = episodes[i] as ControllerEpisode;
        const ratio = Math.exp(log - logProbability);
        const clipped = Math.min(1.2, Math.max(0.8, ratio));
        return sum + Math.min(ratio * advantage, clipped * advantage) / 2;
      }, 0),
  };

  it.each([
    ['reinforce', null],
    ['ppo', 0.2],
  ] as const)('has the gradient of its differences: %s', (name, clip) => {
    const gradient = math.gradient(shape, parameters, episodes, { clip, entropyWeight: 0 });
    const moved = (i: number, by: number): number =>
      objectives[name](parameters.map((x, j) => (i === j ? x + by : x)));
    let largest = 0;
    for (let i = 0; i < parameters.length; i += 3) {
      const slope = (moved(i, 1e-2) - moved(i, -1e-2)) / 2e-2;
      largest = Math.max(largest, Math.abs(slope));
      expect(gradient[i], `parameter ${i}`).toBeCloseTo(slope, 2);
    }
    expect(largest).toBeGreaterThan(0.05);
  });

  it('ascends the entropy where nothing else counts', () => {
    const still = episodes.map((episode) => ({ ...episode, advantage: 0 }));
    const gradient = math.gradient(shape, parameters, still, { clip: null, entropyWeight: 1 });
    const after = parameters.map((x, i) => x + 0.5 * (gradient[i] as number));
    const spread = (at: Float32Array): number => {
      const draws = randomFromSeed(9);
      const uniforms = () => CHOICES[0]?.map(() => draws.uniform()) ?? [];
      return Array.from({ length: 400 }, () => math.sample(shape, at, uniforms()).logProbability).reduce(
        (a, b) => a + b,
        0,
      );
    };
    expect(spread(after)).toBeLessThan(spread(parameters));
  });

  it('has one set of parameters for all depths of growing chains', () => {
    const levels = SPACES['nas-rl-growing'].levels ?? [];
    const shapes = controllerShapes(
      levels.map(({ decisions }) => decisions),
      { layers: 2, hidden: 35 },
    );
    expect(new Set(shapes.map(controllerSize)).size).toBe(1);
    expect(shapes[0]?.steps.filter(({ kind }) => kind === 'anchor')).toHaveLength(6);
    // Five choices and an anchor point a layer.
    expect(shapes.map(({ steps }) => steps.length)).toEqual([36, 48, 60, 72, 84, 96, 108, 120]);
  });
});
