import { z } from 'zod';
import { categorical } from './categorical.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { Space } from './space.ts';

/** How a node of the tree makes one value of two. */
export const TREE_COMBINATIONS = ['add', 'multiply'] as const;
export type TreeCombination = (typeof TREE_COMBINATIONS)[number];
export const TREE_ACTIVATIONS = ['identity', 'tanh', 'sigmoid', 'relu'] as const;
export type TreeActivation = (typeof TREE_ACTIVATIONS)[number];

/** Leaves of the tree, and all of its nodes: 8 leaves, 4, 2 and 1 above them. */
export const TREE_LEAVES = 8;
export const TREE_NODES = 2 * TREE_LEAVES - 1;
const ROOT = TREE_NODES - 1;

export type TreeNode = readonly [combination: TreeCombination, activation: TreeActivation];

/**
 * A cell as a binary tree. Leaves are nodes 0 to 7, each of products of its own of the input and the hidden
 * state; node 8 + i joins the next two of the layer below.
 */
export type NasRlRnnGenotype = {
  readonly nodes: readonly TreeNode[];
  /** The node into whose value the old memory is put, behind its activation, and how. */
  readonly inject: number;
  readonly injectCombine: TreeCombination;
  readonly injectActivation: TreeActivation;
  /** The node whose value before its activation is the new memory. */
  readonly newCell: number;
};

/** The two nodes that an inner node joins. */
export const treeChildren = (node: number): readonly [number, number] => [
  2 * (node - TREE_LEAVES),
  2 * (node - TREE_LEAVES) + 1,
];

const NAME = 'nas-rl-rnn';
const FORM =
  '{"nodes": 15 × [add | multiply, identity | tanh | sigmoid | relu], "inject": 0–14, "injectCombine", "injectActivation", "newCell": 0–14}';

const position = z.number().int().min(0).max(ROOT);
const schema: z.ZodType<NasRlRnnGenotype> = z.strictObject({
  nodes: z.array(z.tuple([z.enum(TREE_COMBINATIONS), z.enum(TREE_ACTIVATIONS)])).length(TREE_NODES),
  inject: position,
  injectCombine: z.enum(TREE_COMBINATIONS),
  injectActivation: z.enum(TREE_ACTIVATIONS),
  newCell: position,
});

/**
 * The tree from its root, the two below each node in the order of their texts: both ways of joining commute.
 */
const canonical = ({ nodes, inject, injectCombine, injectActivation, newCell }: NasRlRnnGenotype): string => {
  const textOf = (node: number): string => {
    const [combination, activation] = nodes[node] as TreeNode;
    const below = node < TREE_LEAVES ? [] : treeChildren(node).map(textOf).sort();
    const memory = node === newCell ? '!' : '';
    const injected = node === inject ? `+${injectCombine} ${injectActivation}` : '';
    return `${combination}${memory} ${activation}${injected}(${below.join()})`;
  };
  return textOf(ROOT);
};

const NODES = Array.from({ length: TREE_NODES }, (_, node) => node);
const CHOICES = categorical<NasRlRnnGenotype>(
  [
    ...NODES.flatMap(() => [TREE_COMBINATIONS.length, TREE_ACTIVATIONS.length]),
    TREE_COMBINATIONS.length,
    TREE_ACTIVATIONS.length,
    TREE_NODES,
    TREE_NODES,
  ],
  [
    ...NODES.flatMap((node) => [`node ${node}/combination`, `node ${node}/activation`]),
    'cell inject/combination',
    'cell inject/activation',
    'cell index/inject',
    'cell index/new cell',
  ],
  ({ nodes, inject, injectCombine, injectActivation, newCell }) => [
    ...nodes.flatMap(([combination, activation]) => [
      TREE_COMBINATIONS.indexOf(combination),
      TREE_ACTIVATIONS.indexOf(activation),
    ]),
    TREE_COMBINATIONS.indexOf(injectCombine),
    TREE_ACTIVATIONS.indexOf(injectActivation),
    inject,
    newCell,
  ],
  (choices) => {
    const pair = (at: number): TreeNode => [
      TREE_COMBINATIONS[choices[at] as number] as TreeCombination,
      TREE_ACTIVATIONS[choices[at + 1] as number] as TreeActivation,
    ];
    const [injectCombine, injectActivation] = pair(2 * TREE_NODES);
    return {
      nodes: NODES.map((node) => pair(2 * node)),
      inject: choices[2 * TREE_NODES + 2] as number,
      injectCombine,
      injectActivation,
      newCell: choices[2 * TREE_NODES + 3] as number,
    };
  },
);

const SOURCE =
  'Zoph & Le 2017, "Neural Architecture Search with Reinforcement Learning", §3.4 and §4.2: a binary tree of base 8 ' +
  'over the input and the hidden state, each node with a way of combining and an activation; cell inject puts the old ' +
  'memory into one node, and the new memory is the value of another before its activation. The order of the decisions ' +
  'is that of the tree, then cell inject, then the two cell indices (figure 5). Deviation: both indices range over all ' +
  '15 nodes; the paper does not say over which.';

/** The recurrent cells of NAS-RL. */
export const nasRlRnn: Space<NasRlRnnGenotype> = {
  name: NAME,
  source: SOURCE,
  ...CHOICES,
  ...jsonGenotype<NasRlRnnGenotype>(NAME, schema, FORM, undefined, canonical),
  describe: () => ({
    name: NAME,
    source: SOURCE,
    size: CHOICES.decisions.sizes.reduce((product, size) => product * size, 1),
    lines: [
      `binary tree of ${TREE_LEAVES} leaves, ${TREE_NODES} nodes`,
      `combinations: ${TREE_COMBINATIONS.join(', ')}; activations: ${TREE_ACTIVATIONS.join(', ')}`,
      'the old memory enters one node, the new one leaves another before its activation',
    ],
  }),
};

/** The published cell, as tensorflow/tensorflow at 000474bf, contrib/rnn/python/ops/rnn_cell.py has it. */
const NAS_CELL: NasRlRnnGenotype = {
  nodes: [
    ['add', 'sigmoid'],
    ['add', 'relu'],
    ['add', 'sigmoid'],
    ['multiply', 'relu'],
    ['add', 'tanh'],
    ['add', 'sigmoid'],
    ['add', 'tanh'],
    ['add', 'sigmoid'],
    ['multiply', 'tanh'],
    ['add', 'tanh'],
    ['multiply', 'tanh'],
    ['add', 'sigmoid'],
    ['multiply', 'identity'],
    ['add', 'tanh'],
    ['multiply', 'tanh'],
  ],
  inject: 8,
  injectCombine: 'add',
  injectActivation: 'tanh',
  newCell: 12,
};

export const PUBLISHED_NAS_RL_RNN = { NASCell: JSON.stringify(NAS_CELL) } as const;
