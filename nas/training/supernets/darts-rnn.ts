import { RNN_ACTIVATIONS, RNN_NODES, type DartsRnnGenotype, type RnnNode } from '../../space/darts-rnn.ts';
import type { EdgeScores } from '../../space/derived-cell.ts';
import type { Tensor } from '../graph/tensor.ts';
import { highway } from '../layers/activations.ts';
import { featureNormEvaluation, featureNormTraining, movedStatistics } from '../layers/feature-norm.ts';
import { mixedHighway } from '../layers/mixed-highway.ts';
import { recur } from '../layers/recurrence.ts';
import { dartsRnnWeights, FIRST, nodeWeight } from '../networks/recurrent/darts-rnn.ts';
import {
  drawn,
  halved,
  masked,
  variableOf,
  type RecurrentNetwork,
} from '../networks/recurrent/recurrent-network.ts';

/**
 * Operations of an edge, in the order of quark0/darts f276dd3, `rnn/genotypes.py:5–11`; `none` adds nothing,
 * and not its state either.
 */
export const RNN_OPERATIONS = ['none', ...RNN_ACTIVATIONS] as const;
/** Edges of the mixture: node i reads all i + 1 states before it. */
export const RNN_EDGES = (RNN_NODES * (RNN_NODES + 1)) / 2;
/** First edge of a node. */
export const firstEdge = (node: number): number => (node * (node + 1)) / 2;

/** The input of the mixture: the operations' weights on each edge, [RNN_EDGES, RNN_OPERATIONS.length]. */
export const RNN_MIXTURE = 'edges/cell';

const NORM = 'rnns.0.bn';

/**
 * DARTS' search cell (Liu et al. 2019, §2.2 and §A.1): each node is the weighted sum of all activations of
 * all states before it. One batch norm without parameters serves the first state and every node at every
 * step.
 *
 * Deviation: the running statistics are moved by the pass that moves the weights alone, after it; the
 * authors' passes for the architecture's gradient move them too (quark0/darts f276dd3,
 * `rnn/architect.py:32–40, 59–80`). Nothing reads them while a search goes on.
 */
export const dartsRnnMixture = (width: number): RecurrentNetwork => {
  const weights = dartsRnnWeights(RNN_NODES, width);
  const statistic = (name: string, value: number) => ({
    name: `${NORM}.${name}`,
    shape: [width],
    role: 'buffer' as const,
    initial: { kind: 'constant' as const, value },
  });
  return {
    declarations: [...weights, statistic('running_mean', 0), statistic('running_var', 1)],
    carried: { hidden: width },
    widths: { input: width, output: width },
    products: [
      [2 * width, 2 * width],
      ...Array.from({ length: RNN_EDGES }, () => [width, 2 * width] as const),
    ],
    normalizes: true,
    run: ({ tf, trace, vars, x, length, carried, masks, isTraining, inputs }) => {
      const batch = x.shape[1] as number;
      const dropped = drawn({ cell: masks('cell', [batch, width]), hidden: masks('hidden', [batch, width]) });
      const running = {
        mean: variableOf(vars, `${NORM}.running_mean`),
        variance: variableOf(vars, `${NORM}.running_var`),
      };
      const {
        carried: last,
        outputs,
        statistics,
      } = recur(tf, trace, {
        length,
        inputs: { x },
        carried: { hidden: variableOf(carried, 'hidden') },
        weights: halved(weights, vars),
        shared: { edges: variableOf(inputs, RNN_MIXTURE) },
        constants: { ...dropped, ...(isTraining ? {} : running) },
        step: ({ inputs: at, carried: before, shared, constants, product }) => {
          const uses: { readonly mean: Tensor; readonly variance: Tensor }[] = [];
          const normal = (state: Tensor): Tensor => {
            if (!isTraining) return featureNormEvaluation(tf, state, constants as typeof running, {});
            const { y, ...use } = featureNormTraining(tf, state, {});
            uses.push(use);
            return y;
          };
          const hidden = before.hidden as Tensor;
          const joined = tf.concat(
            [masked(tf, at.x as Tensor, constants.cell), masked(tf, hidden, constants.hidden)],
            1,
          );
          const [gate, candidate] = product(FIRST, joined) as [Tensor, Tensor];
          const states = [normal(highway(tf, 'tanh', { state: hidden, gate, candidate }))];
          const read = [masked(tf, states[0] as Tensor, constants.hidden)];
          for (let node = 0; node < RNN_NODES; node++) {
            const count = node + 1;
            const halves = product(nodeWeight(node), tf.concat(read, 0));
            const [gates, candidates] = halves.map((half) => tf.reshape(half, [count, batch, width]));
            const state = mixedHighway(tf, RNN_ACTIVATIONS, {
              states: tf.stack(states),
              gate: gates as Tensor,
              candidate: candidates as Tensor,
              weights: tf.slice(
                shared.edges as Tensor,
                [firstEdge(node), 1],
                [count, RNN_ACTIVATIONS.length],
              ),
            });
            states.push(normal(state));
            read.push(masked(tf, states[count] as Tensor, constants.hidden));
          }
          const output = tf.mul(tf.addN(states.slice(1)), 1 / RNN_NODES);
          return {
            carried: { hidden: output },
            outputs: { hidden: output },
            statistics: isTraining
              ? {
                  mean: tf.stack(uses.map(({ mean }) => mean)),
                  variance: tf.stack(uses.map(({ variance }) => variance)),
                }
              : {},
          };
        },
      });
      const moved = (kind: 'mean' | 'variance'): Tensor => {
        const uses = statistics[kind] as Tensor;
        // Running variances are of unbiased ones.
        const unbiased = kind === 'mean' ? uses : tf.mul(uses, batch / (batch - 1));
        return movedStatistics(tf, running[kind], unbiased, length);
      };
      return {
        outputs: outputs.hidden as Tensor,
        carried: last,
        buffers: isTraining
          ? { [`${NORM}.running_mean`]: moved('mean'), [`${NORM}.running_var`]: moved('variance') }
          : {},
      };
    },
  };
};

/**
 * The cell of a mixture (quark0/darts at f276dd34, rnn/model_search.py:79-93): each node keeps the state whose
 * strongest operation but `none` weighs most, and that operation; the first of equal ones.
 */
export const deriveDartsRnn = (edges: EdgeScores): DartsRnnGenotype => {
  const recurrent = Array.from({ length: RNN_NODES }, (_, node): RnnNode => {
    const rows = edges.slice(firstEdge(node), firstEdge(node + 1)).map(([, ...operations]) => operations);
    const strongest = rows.map((row) => Math.max(...row));
    const state = strongest.indexOf(Math.max(...strongest));
    const operation = (rows[state] as readonly number[]).indexOf(strongest[state] as number);
    return [RNN_ACTIVATIONS[operation] as RnnNode[0], state];
  });
  return { recurrent, concat: recurrent.map((_, node) => node + 1) };
};
