import {
  looseEnds,
  MICRO_NODES,
  MICRO_OPERATIONS,
  type EnasMicroCell,
  type EnasMicroGenotype,
  type MicroOperation,
} from '../../space/enas-micro.ts';
import type { Layers } from '../layers/layers.ts';
import { calibrate, doubleSeparable, reductionCells } from '../networks/enas-micro.ts';
import { checkEvenChannels, classify } from '../networks/enas-operations.ts';
import type { NetworkSetting } from '../networks/network.ts';
import { stem } from '../networks/stems.ts';
import { factorizedReduce } from '../layers/operations.ts';
import type { Alternative, Choices } from './enas-choices.ts';
import type { ShareNetwork } from './shared-network.ts';

const STATES = MICRO_NODES + 2;
/** Two entries an edge, input and operation; one bit a state but the last, which is always a loose end. */
const CELL_PATH = 4 * MICRO_NODES + STATES - 1;
const MICRO_PATH_LENGTH = 2 * CELL_PATH;

const cellPath = (cell: EnasMicroCell): readonly number[] => {
  const ends = looseEnds(cell);
  return [...cell, ...Array.from({ length: STATES - 1 }, (_, state) => (ends.includes(state) ? 1 : 0))];
};

/**
 * A pair of cells as the path of its child through the shared weights: its integers, and which states are
 * loose ends.
 */
export const microPath = ({ normal, reduce }: EnasMicroGenotype): Int32Array =>
  Int32Array.from([...cellPath(normal), ...cellPath(reduce)]);

const separable =
  (name: string, kernel: number): (<T>(layers: Layers<T>, x: T) => T) =>
  (layers, x) =>
    doubleSeparable(layers, x, name, kernel, 1);

/** An edge's operations; its convolutions have weights for each of the states that it can read. */
const alternatives = <T>(name: string, states: number) =>
  ({
    sep_conv_3x3: separable(`${name}.sep_conv_3x3.of${states}`, 3),
    sep_conv_5x5: separable(`${name}.sep_conv_5x5.of${states}`, 5),
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
  choices: Choices<T>,
): T => {
  const states = calibrate(layers, inputs, name, filters);
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
  for (let node = 0; node < MICRO_NODES; node++)
    states.push(layers.add([edge(2 * node), edge(2 * node + 1)]));
  const project =
    (state: number): Alternative<T> =>
    (inner, x) =>
      inner.conv(inner.relu(x), `${name}.ends.${state}`, {
        filters,
        kernel: [1, 1],
        strides: [1, 1],
        padding: [0, 0],
      });
  let y = project(STATES - 1)(layers, states.at(-1) as T);
  for (let state = 0; state < STATES - 1; state++)
    y = choices.plus(layers, y, states[state] as T, start + 4 * MICRO_NODES + state, project(state));
  return layers.batchNorm(y, `${name}.ends.bn`, true);
};

/**
 * All pairs of cells over shared weights (Pham et al. 2018, §2.2 and §2.4). A convolution has weights for
 * each edge and each input of it. As in the authors' code, a reduction cell follows a reduction and is itself
 * of stride 1, and a cell's loose ends are brought back to its width by a 1×1 convolution with weights for
 * each state; the final network has neither.
 *
 * @returns logits as features [1, 1, classes].
 */
export const microSupernet = <T>(
  layers: Layers<T>,
  x: T,
  { size, classes }: NetworkSetting,
  choices: Choices<T>,
): T => {
  checkEvenChannels(size.channels);
  const reductions = reductionCells(size.layers);
  let filters = size.channels;
  let states = stem(layers, x, size);
  for (let index = 0; index < size.layers; index++) {
    const name = `cells.${index}`;
    const reduction = reductions.includes(index);
    if (reduction) {
      filters *= 2;
      states = [states[1], factorizedReduce(layers, states[1], `${name}.reduction`, filters, true)];
    }
    const y = cell(layers, states, name, filters, reduction ? CELL_PATH : 0, choices);
    states = [states[1], y];
  }
  return classify(layers, states[1], classes);
};

export const microShared: ShareNetwork<object> = (_, setting) => ({
  pathLength: MICRO_PATH_LENGTH,
  encodePath: (genotype) => microPath(genotype as EnasMicroGenotype),
  network: (layers, x, choices) => microSupernet(layers, x, setting, choices),
});
