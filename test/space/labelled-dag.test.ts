import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../nas/core/random.ts';
import type { Random } from '../../nas/core/random.ts';
import { blockQnn, type BlockQnnGenotype } from '../../nas/space/block-qnn.ts';
import { canonicalDag, type LabelledDag } from '../../nas/space/labelled-dag.ts';

/** The graph with inner vertices in another order. */
const shuffled = ({ labels, sources }: LabelledDag, random: Random): LabelledDag => {
  const inner = random.shuffle(Array.from({ length: labels.length - 2 }, (_, i) => i + 1));
  const order = [0, ...inner, labels.length - 1];
  const at = (vertex: number): number => order.indexOf(vertex);
  return {
    labels: order.map((vertex) => labels[vertex] as string),
    sources: order.map((vertex) => random.shuffle((sources[vertex] ?? []).map(at))),
  };
};

/** `count` chains of `length` equal vertices from the input to the output. */
const chains = (count: number, length: number): LabelledDag => {
  const inner = Array.from({ length: count * length }, (_, i) => [i % length === 0 ? 0 : i]);
  return {
    labels: ['input', ...inner.map(() => 'c'), 'output'],
    sources: [[], ...inner, Array.from({ length: count }, (_, i) => (i + 1) * length)],
  };
};

/**
 * Rings: as many vertices that read the input as others that read two of them that are neighbours in their
 * ring.
 */
const rings = (...sizes: readonly number[]): LabelledDag => {
  const total = sizes.reduce((a, b) => a + b, 0);
  const pairs = sizes.flatMap((size, ring) => {
    const first = 1 + sizes.slice(0, ring).reduce((a, b) => a + b, 0);
    return Array.from({ length: size }, (_, i) => [first + i, first + ((i + 1) % size)]);
  });
  return {
    labels: ['input', ...pairs.map(() => 'c'), ...pairs.map(() => 'add'), 'output'],
    sources: [[], ...pairs.map(() => [0]), ...pairs, pairs.map((_, i) => 1 + total + i)],
  };
};

describe('the canonical description of a graph', () => {
  const random = randomFromSeed(4);

  it.each([
    ['23 equal vertices', chains(23, 1)],
    ['11 equal chains of two', chains(11, 2)],
    ['7 equal chains of three', chains(7, 3)],
    ['a ring of 11', rings(11)],
    ['rings of 5 and 6', rings(5, 6)],
  ])('is one for all orders of %s', (_, dag) => {
    const description = canonicalDag(dag);
    for (let i = 0; i < 5; i++) expect(canonicalDag(shuffled(dag, random))).toBe(description);
  });

  it('tells graphs apart whose vertices have equal neighbourhoods throughout', () => {
    const all = [rings(11), rings(5, 6), rings(4, 7), rings(3, 8), rings(3, 4, 4), rings(3, 3, 5)];
    expect(new Set(all.map(canonicalDag)).size).toBe(all.length);
  });

  it('counts an edge as often as it is there', () => {
    const once: LabelledDag = { labels: ['input', 'add', 'output'], sources: [[], [0], [1]] };
    expect(canonicalDag({ ...once, sources: [[], [0, 0], [1]] })).not.toBe(canonicalDag(once));
  });
});

describe('blocks of Block-QNN', () => {
  const heads: BlockQnnGenotype = [
    [1, 1, 3, 0, 0],
    [2, 1, 3, 0, 0],
  ];
  it('that add two layers each to itself differ from blocks that add the one to the other', () => {
    const itself: BlockQnnGenotype = [...heads, [3, 5, 0, 1, 1], [4, 5, 0, 2, 2], [5, 7, 0, 0, 0]];
    const other: BlockQnnGenotype = [...heads, [3, 5, 0, 1, 2], [4, 5, 0, 1, 2], [5, 7, 0, 0, 0]];
    expect(blockQnn.hash(itself)).not.toBe(blockQnn.hash(other));
  });
});
