import {
  looseEnds,
  MICRO_NODES,
  MICRO_OPERATIONS,
  type EnasMicroCell,
  type EnasMicroGenotype,
  type MicroOperation,
} from '../../space/enas-micro.ts';
import type { Layers } from '../layers/layers.ts';
import { calibrate, reductionCells } from '../networks/enas-micro.ts';
import {
  batchNorm,
  checkEvenChannels,
  classify,
  conv,
  doubleSeparable,
  enasStem,
  factorizedReduction,
} from '../networks/enas-operations.ts';
import type { NetworkSetting } from '../networks/network.ts';
import type { Alternative, Choices } from './enas-choices.ts';
import type { ShareNetwork } from './shared-network.ts';

/** The last state, which is always a loose end. */
const lastState = (nodes: number): number => nodes + 1;
/** Two entries an edge, input and operation; one bit a state but the last. */
const cellPathLength = (nodes: number): number => 4 * nodes + lastState(nodes);

const cellPath = (cell: EnasMicroCell): readonly number[] => {
  const ends = looseEnds(cell);
  const states = lastState(cell.length / 4);
  return [...cell, ...Array.from({ length: states }, (_, state) => (ends.includes(state) ? 1 : 0))];
};

/**
 * A pair of cells as the path of its child through the shared weights: its integers, and which states are
 * loose ends.
 */
export const microPath = ({ normal, reduce }: EnasMicroGenotype): Int32Array =>
  Int32Array.from([...cellPath(normal), ...cellPath(reduce)]);

/** A table of weights, one row an input: its rows count as the fan-in (`micro_child.py:589–598`). */
const separable =
  (name: string, kernel: number, fanIn: number): (<T>(layers: Layers<T>, x: T) => T) =>
  (layers, x) =>
    doubleSeparable(layers, x, name, kernel, 1, fanIn);

/** An edge's operations; its convolutions have weights for each of the states that it can read. */
const alternatives = <T>(name: string, states: number) =>
  ({
    sep_conv_3x3: separable(`${name}.sep_conv_3x3.of${states}`, 3, states),
    sep_conv_5x5: separable(`${name}.sep_conv_5x5.of${states}`, 5, states),
    avg_pool_3x3: (layers, x) => layers.averagePool3x3(x, 1),
    max_pool_3x3: (layers, x) => layers.maxPool3x3(x, 1),
    skip_connect: (_, x) => x,
  }) as const satisfies Record<MicroOperation, Alternative<T>>;

const cell = <T>(
  layers: Layers<T>,
  inputs: readonly [T, T],
  name: string,
  filters: number,
  start: number,
  nodes: number,
  choices: Choices<T>,
): T => {
  const states = [...calibrate(layers, inputs, name, filters)];
  const edge = (index: number): T => {
    const at = start + 2 * index;
    const known = [...states];
    const operations = alternatives<T>(`${name}.edges.${index}`, known.length);
    return choices.one(
      layers,
      choices.pick(known, at),
      at + 1,
      MICRO_OPERATIONS.map((operation) => operations[operation]),
      at,
    );
  };
  for (let node = 0; node < nodes; node++) states.push(layers.add([edge(2 * node), edge(2 * node + 1)]));
  const project =
    (state: number): Alternative<T> =>
    (inner, x) =>
      // Rows of one table, which count as the fan-in (`micro_child.py:686`).
      conv(inner, inner.relu(x), `${name}.ends.${state}`, filters, 1, states.length);
  const last = lastState(nodes);
  let y = project(last)(layers, states[last] as T);
  for (let state = 0; state < last; state++)
    y = choices.plus(layers, y, states[state] as T, start + 4 * nodes + state, project(state));
  return batchNorm(layers, y, `${name}.ends.bn`);
};

/**
 * All pairs of cells over shared weights, as the authors' code trains them (melodyguan/enas 4bcfd73,
 * `micro_child.py:240–339` and `519–696`; Pham et al. 2018, §2.2 and §2.4). A convolution has weights for
 * each edge and each input of it. A reduction cell follows a reduction and is itself of stride 1, and a
 * cell's loose ends are brought back to its width by a 1×1 convolution with weights for each state; the final
 * network has neither. Batch norm has the minibatch's statistics in training and in scoring
 * (`micro_child.py:243–244`).
 *
 * Deviations: no auxiliary head beside the cells, and no dropout while children are scored, which the code
 * leaves on (`micro_child.py:243–244` and `333–334`).
 *
 * @returns logits as features [1, 1, classes].
 */
export const microSupernet = <T>(
  layers: Layers<T>,
  x: T,
  { size, classes }: NetworkSetting,
  choices: Choices<T>,
  nodes = MICRO_NODES,
): T => {
  checkEvenChannels(size.channels);
  const reductions = reductionCells(size.layers);
  let filters = size.channels;
  let states = enasStem(layers, x, { size }, 3 * filters);
  for (let index = 0; index < size.layers; index++) {
    const name = `cells.${index}`;
    const reduction = reductions.includes(index);
    if (reduction) {
      filters *= 2;
      states = [states[1], factorizedReduction(layers, states[1], `${name}.reduction`, filters)];
    }
    const y = cell(layers, states, name, filters, reduction ? cellPathLength(nodes) : 0, nodes, choices);
    states = [states[1], y];
  }
  return classify(layers, layers.globalAverage(layers.relu(states[1])), classes);
};

export const microShared: ShareNetwork<object> = (_, setting) => ({
  pathLength: 2 * cellPathLength(MICRO_NODES),
  scoreStatistics: 'batch',
  encodePath: (genotype) => microPath(genotype as EnasMicroGenotype),
  network: (layers, x, choices) => microSupernet(layers, x, setting, choices),
});
