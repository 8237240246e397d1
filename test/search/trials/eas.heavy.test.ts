import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { Json } from '../../../nas/core/json.ts';
import { chosenSpace } from '../../../nas/space/space-schema.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import type { EasGenotype } from '../../../nas/space/eas.ts';
import type { GrowthEdit } from '../../../nas/space/growth.ts';
import { elements } from '../../../nas/search/trials/controller-math.ts';
import { easLayout } from '../../../nas/search/trials/eas-controller.ts';
import type { EasControllerShape, EasStep } from '../../../nas/search/trials/eas-controller.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';
import type { TrialResult } from '../../../nas/search/strategy.ts';
import { createEasController } from '../../../nas/training/controllers/eas-controller.ts';
import { plain, strategyContract } from '../contract.ts';

const controller = createEasController(loadTensorFlow({ threads: 1 }).tf);
const space = chosenSpace({ name: 'eas', start: '{"blocks":[[[16,3]],[[32,3]]],"dense":[64]}' });

strategyContract([space], [plain(STRATEGIES.eas)], { eas: controller });

const shape: EasControllerShape = {
  length: 5,
  vocabulary: 6,
  embedding: 2,
  hidden: 2,
  blocks: 3,
  places: 4,
  kernels: 3,
};
const sizeOf = (of: EasControllerShape): number =>
  easLayout(of).reduce((sum, { shape: dimensions }) => sum + elements(dimensions), 0);
const random = randomFromSeed(6);
const parameters = Float32Array.from({ length: sizeOf(shape) }, () => 0.7 * random.normal());

describe('the controller of EAS', () => {
  it('reads networks up to their end, whatever length they are padded to', () => {
    const long = { ...shape, length: 9 };
    expect(sizeOf(long)).toBe(parameters.length);
    const probabilities = controller.widening(shape, parameters, [3, 0, 5]);
    expect(probabilities).toHaveLength(3);
    controller.widening(long, parameters, [3, 0, 5]).forEach((p, i) => {
      expect(p).toBeCloseTo(probabilities[i] as number, 6);
    });
    // Each layer is judged from what stands before and behind it.
    for (const other of [
      [2, 0, 5],
      [3, 0, 4],
    ])
      expect(
        Math.abs((controller.widening(shape, parameters, other)[1] as number) - (probabilities[1] as number)),
      ).toBeGreaterThan(1e-4);
  });

  it('has the gradient of its differences where it widens', () => {
    const widenings: readonly EasStep[] = [
      {
        action: {
          kind: 'widen',
          tokens: [1, 5, 2],
          possible: [true, false, true],
          taken: [true, true, false],
        },
        advantage: 1.4,
      },
      {
        action: {
          kind: 'widen',
          tokens: [4, 5, 0, 3],
          possible: [true, false, true, true],
          taken: [false, false, true, true],
        },
        advantage: -0.6,
      },
    ];
    const objective = (at: Float32Array): number =>
      widenings.reduce((sum, { action, advantage }) => {
        if (action.kind !== 'widen') return sum;
        const { possible, taken } = action;
        const log = controller
          .widening(shape, at, action.tokens)
          .reduce((logs, p, i) => (possible[i] ? logs + Math.log(taken[i] ? p : 1 - p) : logs), 0);
        return sum + advantage * log;
      }, 0);
    const gradient = controller.gradient(shape, parameters, widenings, 0);
    const moved = (i: number, by: number): number =>
      objective(parameters.map((x, j) => (i === j ? x + by : x)));
    let largest = 0;
    for (let i = 0; i < parameters.length; i += 2) {
      const slope = (moved(i, 1e-2) - moved(i, -1e-2)) / 2e-2;
      largest = Math.max(largest, Math.abs(slope));
      expect(gradient[i], `parameter ${i}`).toBeCloseTo(slope, 2);
    }
    expect(largest).toBeGreaterThan(0.1);
  });

  const tokens = [1, 5, 2, 5, 0];
  const places = [1, 0, 3];
  const draws = (at: Float32Array, seed: number): readonly (readonly number[])[] => {
    const uniform = randomFromSeed(seed);
    return Array.from({ length: 400 }, () =>
      controller.deepening(shape, at, tokens, places, [
        uniform.uniform(),
        uniform.uniform(),
        uniform.uniform(),
      ]),
    );
  };

  it('puts layers only where there is a place, up to the last uniform number', () => {
    const drawn = draws(parameters, 2);
    for (const [block, place, kernel] of drawn) {
      expect([0, 2]).toContain(block);
      expect(place).toBeLessThan(places[block as number] as number);
      expect(kernel).toBeLessThan(3);
    }
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(6);
    const last = 1 - 2 ** -53;
    const [block, place] = controller.deepening(shape, parameters, tokens, places, [last, last, last]);
    expect([block, place]).toEqual([2, 2]);
  });

  it('learns to deepen as it was rewarded for, and away from what cost it', () => {
    const share = (at: Float32Array, wanted: string): number =>
      draws(at, 3).filter((choices) => choices.join() === wanted).length / 400;
    const step = (choices: readonly [number, number, number], advantage: number): EasStep => ({
      action: { kind: 'deepen', tokens, places, choices, choosesKernel: true },
      advantage,
    });
    let at = parameters;
    for (let i = 0; i < 30; i++) {
      const gradient = controller.gradient(shape, at, [step([2, 1, 0], 1), step([0, 0, 2], -1)], 0);
      at = at.map((x, j) => x + 0.1 * (gradient[j] as number));
    }
    expect(share(at, '2,1,0')).toBeGreaterThan(0.6);
    expect(share(at, '2,1,0')).toBeGreaterThan(2 * share(parameters, '2,1,0'));
    expect(share(at, '0,0,2')).toBeLessThan(share(parameters, '0,0,2') + 1e-9);
  });

  it('does not learn a kernel that was none of its choices', () => {
    const step = (kernel: number, choosesKernel: boolean): EasStep => ({
      action: { kind: 'deepen', tokens, places, choices: [2, 1, kernel], choosesKernel },
      advantage: 1,
    });
    const gradient = (...given: readonly EasStep[]) => controller.gradient(shape, parameters, given, 0);
    expect(gradient(step(0, false))).toEqual(gradient(step(2, false)));
    expect(gradient(step(0, true))).not.toEqual(gradient(step(2, true)));
  });
});

describe('a search by EAS', () => {
  const strategy = STRATEGIES.eas.bind(space, { eas: controller });
  const options = { units: 4, embedding: 3, children: 4, widenings: 2, deepenings: 2, phases: [8, 4] };

  /** Deeper networks are better, with little noise. */
  const outcome = ({ genotype }: { readonly genotype: Json }): number => {
    const { blocks } = genotype as EasGenotype;
    return 0.5 + 0.04 * blocks.flat().length + 0.001 * JSON.stringify(genotype).length;
  };

  it('lets every child grow out of its start point, and takes the best one as the next', () => {
    let state = strategy.init({ evaluations: 13, options }, 4);
    const told: TrialResult[] = [];
    for (;;) {
      const [asked, trials] = strategy.ask(state, 3);
      if (trials.length === 0) break;
      const results = trials.map((trial): TrialResult => ({
        trial,
        outcome: { kind: 'score', value: outcome(trial) },
      }));
      told.push(...results);
      state = strategy.tell(asked, results);
    }
    expect(told).toHaveLength(13);
    const [first, ...children] = told.map(({ trial }) => trial);
    expect(first?.inherits).toBeUndefined();
    const bestOf = (trials: typeof children) =>
      trials.reduce((best, trial) => (outcome(trial) > outcome(best) ? trial : best));
    const second = bestOf([first as (typeof children)[number], ...children.slice(0, 8)]);
    children.forEach((trial, i) => {
      const parent = i < 8 ? first : second;
      expect(trial.inherits?.trial).toBe(parent?.id);
      expect(trial.inherits?.genotype).toBe(space.print(parent?.genotype ?? null));
      const grown = (trial.inherits?.edits ?? []).reduce(
        (at, edit: GrowthEdit) => space.growth?.apply(at, edit) ?? at,
        parent?.genotype ?? null,
      );
      expect(grown).toEqual(trial.genotype);
      // Two single layers were added.
      const layers = ({ blocks, dense }: EasGenotype): number => blocks.flat().length + dense.length;
      expect(layers(trial.genotype as EasGenotype)).toBe(layers(parent?.genotype as EasGenotype) + 2);
    });
    expect(second.id).not.toBe(first?.id);
  });

  it('asks for nothing while its start network trains', () => {
    const [asked, trials] = strategy.ask(strategy.init({ evaluations: 13, options }, 4), 5);
    expect(trials).toHaveLength(1);
    expect(strategy.ask(asked, 5)[1]).toEqual([]);
  });

  it('refuses more networks than the search may train', () => {
    // The twelfth network and the start network: the last round would never be whole.
    for (const evaluations of [10, 12])
      expect(() => strategy.init({ evaluations, options }, 4)).toThrow(/strategy\.phases: \[8,4\]/);
    expect(() => strategy.init({ evaluations: 13, options }, 4)).not.toThrow();
    expect(() => strategy.init({ evaluations: 2, options: {} }, 4)).not.toThrow();
  });
});
