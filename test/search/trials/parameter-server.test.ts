import { describe, expect, it } from 'vitest';
import { nasRlGrowing } from '../../../nas/space/nas-rl.ts';
import { nasBench201 } from '../../../nas/space/nas-bench-201.ts';
import type { Space } from '../../../nas/space/space.ts';
import type { ControllerMath } from '../../../nas/search/trials/controller-math.ts';
import { nasRl } from '../../../nas/search/trials/nas-rl.ts';
import {
  createServer,
  pull,
  push,
  type ParameterServer,
} from '../../../nas/search/trials/parameter-server.ts';
import { bindStrategy, type StrategyState, type Trial } from '../../../nas/search/strategy.ts';

const START = Float32Array.from([1, -2, 3, 0.5, -0.25, 8, 9]);
const STEP = { learningRate: 0.1, epochs: 1, held: [], staleness: 0 };
const gradient = (version: number) => START.map((_, i) => Math.sin(1 + version + i));

/** A server after `pushes` updates, of which those in `held` are read for ever. */
const pushed = (pushes: number, shards: number, held: readonly number[], staleness = 0): ParameterServer =>
  Array.from({ length: pushes }, (_, version) => version).reduce(
    (server, version) => push(server, () => gradient(version), { ...STEP, held, staleness }),
    createServer(START, shards),
  );
const versionsOf = ({ past }: ParameterServer): readonly number[] => past.map(({ version }) => version);

describe('the parameter server', () => {
  it('ascends by Adam, whose first step is the learning rate along the sign of the gradient', () => {
    const after = pull(pushed(1, 3, []), 1);
    after.forEach((value, i) =>
      expect(value).toBeCloseTo((START[i] as number) + 0.1 * Math.sign(gradient(0)[i] as number), 5),
    );
  });

  it('changes no number with the number of its shards', () => {
    const whole = pull(pushed(5, 1, []), 5);
    for (const shards of [2, 3, 7, 20]) expect(pull(pushed(5, shards, []), 5)).toEqual(whole);
  });

  it('keeps versions that are held, and the latest ones, as they were', () => {
    const server = pushed(6, 2, [0, 3], 1);
    expect(versionsOf(server)).toEqual([5, 3, 0]);
    for (const version of [0, 3, 5, 6])
      expect(pull(server, version), `${version}`).toEqual(pull(pushed(version, 2, []), version));
    expect(JSON.parse(JSON.stringify(server))).toEqual(server);
  });

  it('drops versions that nobody holds any more, and reads the oldest later one in their place', () => {
    const server = push(pushed(6, 2, [0, 3]), () => gradient(6), { ...STEP, held: [3] });
    expect(versionsOf(server)).toEqual([3]);
    expect(pull(server, 0)).toEqual(pull(server, 3));
    expect(pull(server, 4)).toEqual(pull(server, 7));
  });
});

describe('a controller on the parameter server', () => {
  /** Notes which parameters are drawn from and which gradients are taken at, by their first number. */
  const watched = () => {
    const drawnAt: number[] = [];
    const takenAt: number[] = [];
    const math: ControllerMath = {
      sample: (shape, parameters, uniforms) => {
        drawnAt.push(parameters[0] as number);
        const sizes = shape.steps.flatMap((step) =>
          step.kind === 'choice' ? [step.size] : new Array<number>(step.bits).fill(2),
        );
        return {
          choices: sizes.map((size, i) => Math.floor((uniforms[i] as number) * size)),
          logProbability: -1,
        };
      },
      logProbability: () => -1,
      gradient: (_, parameters, episodes) => {
        takenAt.push(parameters[0] as number);
        return parameters.map(() => 1 + episodes.length);
      },
    };
    return { drawnAt, takenAt, math };
  };
  const score = (trial: Trial) =>
    ({ trial, outcome: { kind: 'score', value: 0.5 + trial.ordinal / 1e5 } }) as const;
  const serverOf = (state: StrategyState) => (state.model as unknown as { server: ParameterServer }).server;

  it('takes the gradient of a round at the parameters that its children were drawn from, however late it comes', () => {
    const { drawnAt, takenAt, math } = watched();
    const strategy = bindStrategy(nasRl, nasBench201 as unknown as Space, { controller: math });
    const config = { evaluations: 200, options: { units: 3, replicas: 12, children: 2, staleness: 0 } };
    // Twelve rounds start at version 0. The first one is slow: all others end, and start again, three times.
    const [asked, first] = strategy.ask(strategy.init(config, 1), 24);
    expect(new Set(drawnAt).size).toBe(1);
    let state = asked;
    const slow = first.slice(0, 2);
    let running = first.slice(2);
    for (let time = 0; time < 3; time++) {
      for (let round = 0; round < running.length; round += 2)
        state = strategy.tell(state, running.slice(round, round + 2).map(score));
      [state, running] = strategy.ask(state, 22) as [StrategyState, Trial[]];
    }
    expect(takenAt).toHaveLength(33);
    // Rounds end in the order they were drawn in, so that gradients are taken where draws were made, two a
    // round.
    expect(takenAt).toEqual(drawnAt.filter((_, i) => i % 2 === 0).slice(1, 34));
    expect(new Set(takenAt).size).toBe(3);
    expect(versionsOf(serverOf(state))).toContain(0);
    state = strategy.tell(state, slow.map(score));
    expect(takenAt.at(-1)).toBe(drawnAt[0]);
    expect(takenAt.at(-1)).not.toBe(takenAt.at(-2));
    // Nobody holds the first version any more; the rounds that are under way hold theirs.
    expect(versionsOf(serverOf(state))).toEqual([33]);
  });

  it('goes two layers deeper after 1,600 networks of the published search', () => {
    const { math } = watched();
    const strategy = bindStrategy(nasRl, nasRlGrowing() as unknown as Space, { controller: math });
    let state = strategy.init({ evaluations: 12_800, options: { units: 2 } }, 1);
    expect(state.options).toMatchObject({
      replicas: 100,
      children: 8,
      shards: 20,
      growEvery: 1_600,
    });
    const depths: number[] = [];
    while (depths.length < 1_760) {
      const [asked, trials] = strategy.ask(state, 160);
      depths.push(...trials.map(({ genotype }) => (genotype as readonly unknown[]).length));
      state = strategy.tell(asked, trials.map(score));
    }
    expect(depths.slice(0, 1_600)).toEqual(new Array(1_600).fill(6));
    expect(depths.slice(1_600)).toEqual(new Array(160).fill(8));
  });
});
