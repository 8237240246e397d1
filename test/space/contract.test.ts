import { describe, expect, it } from 'vitest';
import type { Json } from '../../nas/core/json.ts';
import { InputError } from '../../nas/core/input-error.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { LayerGraph } from '../../nas/space/layer-graph.ts';
import type { SpaceName } from '../../nas/space/registry.ts';
import { SPACES } from '../support/spaces.ts';

const SAMPLES = 60;
/** Neighbours of a genotype that are looked at from their side. */
const PICKED = 10;
/** Samples whose codes are compared, with a mutant of each. */
const ENCODED = 200;

/** Most networks, as a share, whose code others have too, where there are any. */
const BLIND: Partial<Record<SpaceName, number>> = {
  // Of 800: 0.4 %. Layers at one depth that exchange a skip.
  'auto-keras': 0.02,
  // Of 800: 3 %. Shares and means over operations, which differ little between a network and its mutant.
  smash: 0.06,
};

const isSmaller = (a: LayerGraph, b: LayerGraph): boolean =>
  a.layers.length < b.layers.length || a.edges.length < b.edges.length;
const isShorter = (a: readonly Json[], b: readonly Json[]): boolean => a.length < b.length;

/**
 * Whether an edit made the first of the second that no single edit takes back: it removed more than one adds.
 */
const ONE_WAY: Partial<Record<SpaceName, (neighbour: never, genotype: never) => boolean>> = {
  nasbot: isSmaller,
  'auto-keras': isSmaller,
  'nas-rl-growing': isShorter,
};

describe.each(Object.values(SPACES))('space $name', (space) => {
  const random = randomFromSeed(11);
  const samples = Array.from({ length: SAMPLES }, () => space.sample(random));

  it('samples valid genotypes, equal for equal seeds, different for different seeds', () => {
    for (const genotype of samples) expect(space.validate(genotype)).toEqual(genotype);
    const again = randomFromSeed(11);
    expect(Array.from({ length: SAMPLES }, () => space.sample(again))).toEqual(samples);
    const other = randomFromSeed(12);
    expect(Array.from({ length: SAMPLES }, () => space.sample(other))).not.toEqual(samples);
  });

  it('is plain JSON throughout', () => {
    for (const genotype of samples) expect(JSON.parse(JSON.stringify(genotype))).toEqual(genotype);
  });

  it('mutates to a valid, different genotype without touching its argument', () => {
    for (const genotype of samples) {
      const before = JSON.stringify(genotype);
      const mutant = space.mutate(genotype, random);
      expect(space.validate(mutant)).toEqual(mutant);
      expect(mutant).not.toEqual(genotype);
      expect(JSON.stringify(genotype)).toBe(before);
    }
  });

  it('crosses parents into valid children, and a genotype with itself into itself', () => {
    samples.slice(1).forEach((genotype, i) => {
      const child = space.crossover(samples[i] ?? genotype, genotype, random);
      expect(space.validate(child)).toEqual(child);
      expect(space.crossover(genotype, genotype, random)).toEqual(genotype);
    });
  });

  it('lists valid, distinct neighbours that exclude the genotype and have it as theirs', () => {
    const isOneWay = ONE_WAY[space.name as SpaceName] as ((a: Json, b: Json) => boolean) | undefined;
    let seen = 0;
    for (const genotype of samples.slice(0, 6)) {
      const neighbours = space.neighbours(genotype);
      const texts = neighbours.map((n) => JSON.stringify(n));
      expect(neighbours.length).toBeGreaterThan(0);
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts).not.toContain(JSON.stringify(genotype));
      for (const neighbour of neighbours) expect(space.validate(neighbour)).toEqual(neighbour);
      for (const neighbour of random.sample(neighbours, PICKED)) {
        if (isOneWay?.(neighbour, genotype) === true) continue;
        const back = space.neighbours(neighbour).map((n) => JSON.stringify(n));
        expect(back).toContain(JSON.stringify(genotype));
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(PICKED);
  });

  it('encodes to features of one length within [0, 1]', () => {
    const length = space.encode(samples[0] ?? null).length;
    for (const genotype of samples) {
      const features = space.encode(genotype);
      expect(features).toHaveLength(length);
      expect(features.filter((feature) => !(feature >= 0 && feature <= 1))).toEqual([]);
    }
  });

  it('encodes different networks differently', () => {
    const codes = new Map<string, string>();
    for (let i = 0; i < ENCODED; i++) {
      const genotype = space.sample(random);
      for (const g of [genotype, space.mutate(genotype, random)])
        codes.set(space.hash(g), space.encode(g).join());
    }
    const counts = new Map<string, number>();
    for (const code of codes.values()) counts.set(code, (counts.get(code) ?? 0) + 1);
    const sharing = [...codes.values()].filter((code) => (counts.get(code) as number) > 1).length;
    expect(codes.size).toBeGreaterThanOrEqual(Math.min(101, space.describe().size ?? Infinity));
    expect(sharing / codes.size).toBeLessThanOrEqual(BLIND[space.name as SpaceName] ?? 0);
  });

  it('prints and parses', () => {
    for (const genotype of samples) expect(space.parse(space.print(genotype))).toEqual(genotype);
    expect(() => space.parse('not a network', 'experiment.genotype')).toThrow(InputError);
    expect(() => space.parse('not a network', 'experiment.genotype')).toThrow(/experiment\.genotype/);
  });

  it('refuses what is no genotype with the field named', () => {
    for (const value of [null, 7, [], {}, 'x', { normal: 1 }, [[[]]]])
      expect(() => space.validate(value, 'trial t-1')).toThrow(/trial t-1.*Allowed: .*Fix: /s);
  });

  it('hashes deterministically and tells most samples apart', () => {
    const hashes = samples.map((genotype) => space.hash(genotype));
    expect(samples.map((genotype) => space.hash(genotype))).toEqual(hashes);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    const distinct = new Set(samples.map((genotype) => JSON.stringify(genotype))).size;
    expect(new Set(hashes).size).toBeGreaterThan(0.4 * distinct);
  });

  it('describes itself', () => {
    const description = space.describe();
    expect(description.name).toBe(space.name);
    expect(description.lines.length).toBeGreaterThan(0);
  });

  it('turns genotypes into choices and back, where it is a list of choices', () => {
    const { decisions } = space;
    if (decisions === undefined) return;
    expect(decisions.labels).toHaveLength(decisions.sizes.length);
    for (const genotype of samples) {
      const choices = decisions.toChoices(genotype);
      expect(choices).toHaveLength(decisions.sizes.length);
      choices.forEach((choice, i) => {
        expect(Number.isInteger(choice)).toBe(true);
        expect(choice).toBeGreaterThanOrEqual(0);
        expect(choice).toBeLessThan(decisions.sizes[i] ?? 0);
      });
      const back = decisions.fromChoices(choices);
      expect(back).toBeDefined();
      expect(space.hash(back ?? null)).toBe(space.hash(genotype));
    }
    for (let i = 0; i < SAMPLES; i++) {
      const genotype = decisions.fromChoices(decisions.sizes.map((size) => random.int(size)));
      if (genotype !== undefined) expect(space.validate(genotype)).toEqual(genotype);
    }
  });
});
