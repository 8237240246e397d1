import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { autoKerasGraphs, nasbotGraphs } from '../../../nas/space/layer-graph.ts';
import type { LayerGraph, LayerLabel } from '../../../nas/space/layer-graph.ts';
import { expectedImprovement } from '../../../nas/search/trials/bayesian-optimization.ts';
import { ascend, drawIndex, logProbability, softmax } from '../../../nas/search/trials/factorised-policy.ts';
import { fitGaussianProcess } from '../../../nas/search/trials/gaussian-process.ts';
import { normalScores } from '../../../nas/search/trials/model-guided.ts';
import { morphismDistance, morphismProfile } from '../../../nas/search/trials/morphism-distance.ts';
import { otmannDistances, otmannProfile } from '../../../nas/search/trials/otmann.ts';
import { fitPerceptron } from '../../../nas/search/trials/perceptron.ts';
import { addToRanges, inRanges } from '../../../nas/search/ranges.ts';
import { rungFidelities } from '../../../nas/search/trials/sampler.ts';
import { transportCost } from '../../../nas/search/trials/transport.ts';

describe('optimal transport', () => {
  it('solves worked examples', () => {
    expect(transportCost([1], [1], [[3]])).toBe(3);
    // Sending each supply to its nearest demand would overload the first: 2·1 + 1·2 + 1·1.
    expect(
      transportCost(
        [2, 2],
        [3, 1],
        [
          [1, 4],
          [2, 1],
        ],
      ),
    ).toBeCloseTo(5, 12);
  });

  it('equals the best of all assignments for unit masses', () => {
    const random = randomFromSeed(8);
    const permutations = (list: readonly number[]): number[][] =>
      list.length === 0
        ? [[]]
        : list.flatMap((x) => permutations(list.filter((y) => y !== x)).map((rest) => [x, ...rest]));
    for (let round = 0; round < 30; round++) {
      const cost = Array.from({ length: 5 }, () => Array.from({ length: 5 }, () => random.uniform()));
      const best = Math.min(
        ...permutations([0, 1, 2, 3, 4]).map((order) =>
          order.reduce((sum, j, i) => sum + (cost[i]?.[j] as number), 0),
        ),
      );
      expect(transportCost([1, 1, 1, 1, 1], [1, 1, 1, 1, 1], cost)).toBeCloseTo(best, 10);
    }
  });

  it('equals the earth mover’s distance on a line, where sorting is optimal', () => {
    const random = randomFromSeed(9);
    for (let round = 0; round < 20; round++) {
      const raw = [0, 1].map(() => Array.from({ length: 6 }, () => random.uniform()));
      const [a, b] = raw.map((masses) => masses.map((mass) => mass / masses.reduce((x, y) => x + y, 0))) as [
        number[],
        number[],
      ];
      let carried = 0;
      const expected = a.reduce((sum, mass, i) => {
        carried += mass - (b[i] as number);
        return sum + Math.abs(carried);
      }, 0);
      const cost = a.map((_, i) => b.map((_m, j) => Math.abs(i - j)));
      expect(transportCost(a, b, cost)).toBeCloseTo(expected, 9);
    }
  });
});

describe.each([
  [
    'OTMANN',
    nasbotGraphs,
    (a: never, b: never) => {
      const [p, q] = [otmannProfile(a), otmannProfile(b)];
      return otmannDistances(p, q).reduce((sum, distance) => sum + distance / (p.total + q.total), 0);
    },
  ],
  [
    'morphism',
    autoKerasGraphs,
    (a: never, b: never) => morphismDistance(morphismProfile(a), morphismProfile(b)),
  ],
] as const)('the %s distance', (_, space, distanceOf) => {
  const distance = distanceOf as unknown as (a: unknown, b: unknown) => number;
  const random = randomFromSeed(12);
  const graphs = Array.from({ length: 12 }, () => space.sample(random));

  it('is zero to itself, symmetric, and positive to a mutant that changed the layers', () => {
    for (const a of graphs) {
      expect(distance(a, a)).toBeCloseTo(0, 9);
      for (const b of graphs) expect(distance(a, b)).toBeCloseTo(distance(b, a), 9);
      const layers = a.layers.map((layer) => ({
        ...layer,
        units: layer.units === 512 ? 256 : layer.units * 2,
      }));
      expect(distance(a, { ...a, layers })).toBeGreaterThan(0);
    }
  });

  it('is small for one mutation compared with unrelated networks', () => {
    const near = graphs.map((graph) => distance(graph, space.mutate(graph, random)));
    const far = graphs.flatMap((a, i) => graphs.slice(0, i).map((b) => distance(a, b)));
    const mean = (values: readonly number[]): number => values.reduce((x, y) => x + y, 0) / values.length;
    expect(mean(near)).toBeLessThan(0.6 * mean(far));
  });
});

describe('OTMANN distances of networks worked out elsewhere', () => {
  const layer = (label: LayerLabel, units = 16) => ({ label, units });
  const chained = (...layers: readonly ReturnType<typeof layer>[]): LayerGraph => ({
    layers,
    edges: Array.from({ length: layers.length + 1 }, (_, i) => [i, i + 1] as const),
  });
  const distances = (a: LayerGraph, b: LayerGraph): readonly number[] =>
    otmannDistances(otmannProfile(a), otmannProfile(b));
  const small = chained(layer('conv3'), layer('max_pool'), layer('fc', 64));
  const branched: LayerGraph = {
    layers: [layer('conv5', 32), layer('conv3'), layer('avg_pool'), layer('conv7', 64), layer('fc', 128)],
    // The first two side by side; the pooled maps go to the third convolution and past it to the dense layer.
    edges: [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
      [3, 4],
      [3, 5],
      [4, 5],
      [5, 6],
    ],
  };
  const chain = chained(
    layer('conv3', 64),
    layer('conv3', 128),
    layer('max_pool'),
    layer('conv5', 256),
    layer('fc', 512),
    layer('fc', 64),
  );
  const deep: LayerGraph = { ...chain, edges: [...chain.edges, [1, 4]] };

  it('gives masses by hand', () => {
    // Image 1 → conv 1 · 16; pool 16; dense 0.1 · 16 · 64; input, softmax and output at least 100 each.
    expect(otmannProfile(small).masses).toEqual([100, 16, 16, 0.1 * 16 * 64, 100, 100]);
    // conv5 32, conv3 16, pool 32 + 16, conv7 48 · 64, dense 0.1 · (64 + 48) · 128: a tenth is 460.16.
    const masses = [460.16, 32, 16, 48, 3072, 1433.6, 460.16, 460.16];
    otmannProfile(branched).masses.forEach((mass, i) => expect(mass).toBeCloseTo(masses[i] as number, 9));
  });

  it('prices labels and unmatched mass by hand where positions are equal', () => {
    const pooled = chained(layer('conv3'), layer('avg_pool'), layer('fc', 32));
    // Pooling kind 0.5 · 16, and 0.1 · 16 · (64 − 32) of the dense layer stays unmatched, whatever the
    // structural weight.
    for (const distance of distances(small, pooled)) expect(distance).toBeCloseTo(8 + 51.2, 9);
    const convolutions = (label: LayerLabel): LayerGraph => chained(layer(label, 32));
    const first = (a: LayerLabel, b: LayerLabel): number =>
      distances(convolutions(a), convolutions(b))[0] as number;
    expect(first('conv3', 'conv5')).toBeCloseTo(0.2 * 32, 9);
    expect(first('conv5', 'conv7')).toBeCloseTo(0.2 * 32, 9);
    expect(first('conv3', 'conv7')).toBeCloseTo(Math.SQRT2 * 0.2 * 32, 9);
  });

  it('counts paths over all, convolutional, pooling and dense layers', () => {
    // Of the pooling layer, shortest, longest and random walk: to the input, then to the output, sort by
    // sort.
    const positions = [
      [2, 2, 2, 3, 4, 3.5],
      [1, 1, 1, 0, 1, 0.5],
      [1, 1, 1, 1, 1, 1],
      [0, 0, 0, 1, 1, 1],
    ];
    expect(otmannProfile(branched).positions[3]).toEqual(positions.flat());
  });

  // Recorded from a linear programme over all matchings (unmatched mass as slack), with every path of the
  // graphs listed, for the structural weights 0.1, 0.25, 0.61 and 1.5.
  it.each([
    ['a chain and a branched network', small, branched, [5561.11, 5569.255, 5588.803, 5637.13]],
    ['a branched and a skipping network', branched, deep, [91040.424, 91472.58, 92508.8344, 95062.28]],
    ['a chain and a skipping network', small, deep, [95688.95, 95729.975, 95828.435, 96071.85]],
  ] as const)('equals a linear programme between %s', (_, a, b, expected) => {
    distances(a, b).forEach((distance, i) => expect(distance).toBeCloseTo(expected[i] as number, 6));
  });
});

describe('the Gaussian process', () => {
  const kernel = (a: number, b: number): number => Math.exp(-((a - b) ** 2) / 2);
  const points = [0, 1, 3];
  const process = fitGaussianProcess(
    points.map((a) => points.map((b) => kernel(a, b))),
    [1, -1, 0.5],
    0.01,
  );
  const at = (x: number) =>
    process?.predict(points.map((p) => kernel(p, x))) ?? { mean: Number.NaN, sd: Number.NaN };

  it('agrees with the closed form for one observation', () => {
    const one = fitGaussianProcess([[1]], [2], 0.25);
    expect(one?.predict([0.5]).mean).toBeCloseTo((0.5 * 2) / 1.25, 12);
    expect(one?.predict([0.5]).sd).toBeCloseTo(Math.sqrt(1 - 0.25 / 1.25), 12);
    expect(one?.evidence).toBeCloseTo(
      -0.5 * (4 / 1.25) - 0.5 * Math.log(1.25) - 0.5 * Math.log(2 * Math.PI),
      12,
    );
  });

  it('interpolates observations and returns to the prior far away', () => {
    expect(at(0).mean).toBeCloseTo(1, 1);
    expect(at(0).sd).toBeLessThan(0.15);
    expect(at(30).mean).toBeCloseTo(0, 9);
    expect(at(30).sd).toBeCloseTo(1, 9);
  });

  it('says so where the kernel is not positive definite', () => {
    expect(
      fitGaussianProcess(
        [
          [1, 2],
          [2, 1],
        ],
        [0, 1],
        0.1,
      ),
    ).toBeUndefined();
  });
});

it('computes expected improvement', () => {
  // scipy.stats: (1 - 0.5) * norm.cdf(0.5) + 1 * norm.pdf(0.5)
  expect(expectedImprovement(1, 1, 0.5)).toBeCloseTo(0.5 * 0.6914624612740131 + 0.3520653267642995, 3);
  expect(expectedImprovement(0, 1e-6, 1)).toBeCloseTo(0, 9);
});

it('turns scores into normal scores of their ranks, ties alike, infeasible lowest', () => {
  const scores = normalScores([3, null, 10, 3, 1e9]);
  expect(scores[0]).toBe(scores[3]);
  expect(Math.min(...scores)).toBe(scores[1]);
  expect(Math.max(...scores)).toBe(scores[4]);
  expect(scores.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 1);
});

it('fits a perceptron to a rule with interactions', () => {
  const random = randomFromSeed(1);
  const points = Array.from({ length: 200 }, () => Array.from({ length: 8 }, () => random.int(2)));
  const rule = (x: readonly number[]): number => (x[0] === x[1] ? 1 : -1) + (x[2] as number);
  const predict = fitPerceptron(
    points.slice(0, 150),
    points.slice(0, 150).map(rule),
    { hidden: 16, epochs: 60, learningRate: 0.01, weightDecay: 0 },
    random,
  );
  const error = points.slice(150).reduce((sum, x) => sum + (predict(x) - rule(x)) ** 2, 0) / 50;
  expect(error).toBeLessThan(0.1);
});

describe('the factorised policy', () => {
  it('ascends along the numerical gradient of its objective', () => {
    const policy = [
      [0.3, -0.2, 0.1],
      [0, 0.5],
    ];
    const choices = [2, 0];
    const objective = (p: readonly (readonly number[])[]): number => {
      const entropy = p.reduce(
        (sum, logits) => sum - softmax(logits).reduce((part, x) => part + x * Math.log(x), 0),
        0,
      );
      return 0.7 * logProbability(p, choices) + 0.2 * entropy;
    };
    const next = ascend(policy, choices, 0.7, 0.2, 1);
    policy.forEach((logits, i) =>
      logits.forEach((logit, k) => {
        const moved = (delta: number) =>
          objective(policy.map((row, a) => row.map((x, b) => (a === i && b === k ? x + delta : x))));
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        expect((next[i]?.[k] as number) - logit).toBeCloseTo(slope, 6);
      }),
    );
  });

  it('draws indices at the rate of their weights', () => {
    const random = randomFromSeed(2);
    const counts = [0, 0, 0];
    for (let i = 0; i < 6000; i++) {
      const index = drawIndex([1, 0, 2], random);
      counts[index] = (counts[index] as number) + 1;
    }
    expect(counts[1]).toBe(0);
    expect(Math.abs((counts[2] as number) / 6000 - 2 / 3)).toBeLessThan(0.02);
  });
});

it('keeps sets of numbers as few ranges', () => {
  const numbers = randomFromSeed(3).shuffle(Array.from({ length: 60 }, (_, i) => i));
  const half = numbers.slice(0, 30).reduce<ReturnType<typeof addToRanges>>(addToRanges, []);
  for (const n of numbers) expect(inRanges(half, n)).toBe(numbers.indexOf(n) < 30);
  expect(numbers.reduce<ReturnType<typeof addToRanges>>(addToRanges, [])).toEqual([[0, 60]]);
});

it('spaces rungs by η up to the full resource', () => {
  expect(rungFidelities({ eta: 4, minFidelity: 1 / 64 })).toEqual([1 / 64, 1 / 16, 1 / 4, 1]);
  expect(rungFidelities({ eta: 3, minFidelity: 0.2 })).toEqual([1 / 3, 1]);
});
