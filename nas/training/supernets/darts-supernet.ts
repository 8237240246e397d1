import type { ImageNetworkSize } from '../../task/images/recipe.ts';
import { PRIMITIVES, type CellGenotype, type Primitive } from '../../space/cell-genotype.ts';
import { EDGES, NODE_OFFSETS, STEPS, dartsCnn, encodePath } from '../../space/darts-cnn.ts';
import { deriveGenotype, type EdgeScores } from '../../space/derived-cell.ts';
import type { ImageShape, Layers } from '../layers/layers.ts';
import { planCells, type CellPlan } from '../networks/cell-plan.ts';
import { stem } from '../networks/stems.ts';
import { OPERATIONS, factorizedReduce, reluConvBatchNorm } from '../layers/operations.ts';
import { InvalidArchitectureError } from '../program.ts';
import { erased, type Edge, type EdgeTerms, type Supernet } from './supernet.ts';

/** How large a search network is. */
export interface SupernetSpec {
  readonly size: ImageNetworkSize;
  readonly image: ImageShape;
  readonly classes: number;
}

/** Batch norm inside a searched cell has no affine parameters, so that edge weights keep their meaning. */
const AFFINE = false;

/** A pool is followed by batch norm, so that its scale is that of the others. */
const candidate = <T>(layers: Layers<T>, x: T, operation: number, edge: Edge, scale?: T): T => {
  const primitive = PRIMITIVES[operation] as Primitive;
  const name = `${edge.name}._ops.${operation}`;
  const y = OPERATIONS[primitive](layers, x, name, edge.stride, AFFINE, scale);
  return primitive === 'max_pool_3x3' || primitive === 'avg_pool_3x3'
    ? layers.batchNorm(y, `${name}.1`, AFFINE, { scale })
    : y;
};

const cell = <T>(layers: Layers<T>, plan: CellPlan, s0: T, s1: T, terms: EdgeTerms<T>): T => {
  const { name } = plan;
  const preprocess0 = plan.previousReduced ? factorizedReduce : reluConvBatchNorm;
  const states = [
    preprocess0(layers, s0, `${name}.preprocess0`, plan.channels, AFFINE),
    reluConvBatchNorm(layers, s1, `${name}.preprocess1`, plan.channels, AFFINE),
  ];
  for (let node = 0; node < STEPS; node++)
    states.push(
      layers.add(
        states.flatMap((state, input) => {
          const row = (NODE_OFFSETS[node] as number) + input;
          return terms(state, {
            kind: plan.reduction ? 'reduce' : 'normal',
            row,
            stride: plan.reduction && input < 2 ? 2 : 1,
            channels: plan.channels,
            name: `${name}._ops.${row}`,
          });
        }),
      ),
    );
  return layers.concat(states.slice(2));
};

/**
 * DARTS' search network: every edge holds all eight operations (Liu et al. 2019, §2 and §3.1).
 *
 * @throws InvalidArchitectureError on an odd number of channels.
 */
export const dartsSupernet = ({ size, image, classes }: SupernetSpec): Supernet => {
  if (size.channels % 2 !== 0)
    throw new InvalidArchitectureError(
      `channels ${size.channels}: allowed: even numbers, because reductions split them in two`,
    );
  return erased<CellGenotype>({
    space: dartsCnn,
    image,
    classes,
    operations: PRIMITIVES,
    kinds: { normal: EDGES, reduce: EDGES },
    network: (layers, x, terms) => {
      let [s0, s1] = stem(layers, x, size);
      for (const plan of planCells(size)) [s0, s1] = [s1, cell(layers, plan, s0, s1, terms)];
      return layers.linear(layers.globalAverage(s1), 'classifier', classes);
    },
    candidate,
    endsInBatchNorm: (operation, { stride }) => PRIMITIVES[operation] !== 'skip_connect' || stride === 2,
    encodePath,
    derive: (weights) => deriveGenotype(weights as Record<'normal' | 'reduce', EdgeScores>),
  });
};
