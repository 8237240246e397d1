import { z } from 'zod';
import type { EnasRnnGenotype } from '../../nas/space/enas-rnn.ts';
import { toHost, toTensor, type Tf } from '../../nas/training/graph/tensor.ts';
import { enasRnnBound, enasRnnNetwork } from '../../nas/training/networks/recurrent/enas-rnn.ts';
import { languageModel } from '../../nas/training/networks/recurrent/language-model.ts';
import type { RecurrentNetwork } from '../../nas/training/networks/recurrent/recurrent-network.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { enasRnnShared, enasSharing, ENAS_RNN_PATH } from '../../nas/training/supernets/enas-rnn.ts';
import { compareAll, SAME_LAYOUT } from './compare-all.ts';
import { withPrefix, type Check, type TensorFixture } from './fixture.ts';
import { hosted } from './hosted.ts';
import { runLanguage } from './language.ts';

const arcs = z.array(z.array(z.number()));
const configSchema = z.object({
  ntokens: z.number(),
  nhid: z.number(),
  depth: z.number(),
  arcs: z.object({ melodyguan: arcs, google: arcs }),
});

/** A weight set of the fixture: whose arcs it computes, by which network, and where its matrices lie. */
interface WeightSet {
  readonly arcs: readonly EnasRnnGenotype[];
  network(arc: EnasRnnGenotype): RecurrentNetwork;
  readonly takesPath: boolean;
  /** Order of the axes [activation, previous, …] of matrices, where it is not that of the product. */
  readonly activationsFirst: boolean;
}

const swapped = (tf: Tf, tensor: HostTensor, [a, b]: readonly [number, number]): HostTensor =>
  hosted(tf, () => {
    const rest = tensor.data.length / (a * b);
    return {
      ...toHost(tf.transpose(tf.reshape(toTensor(tf, tensor), [a, b, rest]), [1, 0, 2])),
      shape: tensor.shape,
    };
  });

/** ENAS' recurrent cells: with shared weights, trained alone, and those of enas_lm. */
export const checkEnasRnnChild = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { ntokens, nhid, depth, arcs: given } = configSchema.parse(fixture.config);
  const google = { ...enasSharing(depth + 1, 4), choosesFirst: false, normalizes: false } as const;
  const sets: Readonly<Record<string, WeightSet>> = {
    shared: {
      arcs: given.melodyguan,
      network: () => enasRnnShared(nhid, enasSharing(depth, 4)),
      takesPath: true,
      activationsFirst: false,
    },
    fixed: {
      arcs: given.melodyguan,
      network: (arc) => enasRnnNetwork(arc, nhid),
      takesPath: false,
      activationsFirst: false,
    },
    google: {
      arcs: given.google,
      network: () =>
        enasRnnShared(nhid, {
          ...google,
          activations: ['tanh', 'relu', 'sigmoid', 'identity'],
          output: 'searched-nodes',
        }),
      takesPath: true,
      activationsFirst: true,
    },
  };
  const transposed = (name: string): HostTensor => {
    const tensor = fixture.tensors[name] as HostTensor;
    return { ...swapped(tf, tensor, tensor.shape as [number, number]), shape: [...tensor.shape].reverse() };
  };
  const masks = withPrefix(fixture.tensors, 'input.mask.');
  const output = masks.output as HostTensor;
  const actual: Record<string, HostTensor> = {};
  for (const [set, { arcs: all, network, takesPath, activationsFirst }] of Object.entries(sets)) {
    const stated = withPrefix(fixture.tensors, `param.${set}.`);
    /** The axes that are swapped in the fixture's matrices, if any. */
    const axes = ({ shape }: HostTensor): readonly [number, number] | undefined =>
      activationsFirst && shape.length === 4 ? [shape[0] as number, shape[1] as number] : undefined;
    for (const [i, arc] of all.entries()) {
      const model = languageModel(network(arc), {
        vocabulary: ntokens,
        bound: enasRnnBound(nhid),
        hasBias: false,
      });
      const variables = Object.fromEntries(
        model.declarations.map(({ name, shape, role, initial }) => {
          const tensor = stated[name === 'encoder.weight' ? 'w_emb' : name];
          if (role === 'buffer') {
            const value = initial.kind === 'constant' ? initial.value : 0;
            return [
              name,
              { dtype: 'float32', shape, data: new Float32Array(shape[0] as number).fill(value) },
            ];
          }
          if (tensor === undefined) throw new Error(`the fixture has no '${name}'`);
          const swap = axes(tensor);
          return [name, { ...(swap ? swapped(tf, tensor, swap) : tensor), shape }];
        }),
      );
      const run = await runLanguage(tf, {
        model,
        variables,
        window: {
          tokens: transposed('input.tokens'),
          targets: transposed('input.targets'),
          carried: { hidden: fixture.tensors['input.hidden'] as HostTensor },
        },
        masks: {
          cell: masks.x as HostTensor,
          hidden: masks.h as HostTensor,
          output: { ...output, shape: [1, ...output.shape] },
        },
        ...(takesPath && {
          inputs: { [ENAS_RNN_PATH]: { dtype: 'int32', shape: [arc.length], data: Int32Array.from(arc) } },
        }),
        isTraining: true,
        losses: { grad: ({ raw }) => raw },
      });
      const logProb = run.log_prob as HostTensor;
      actual[`output.${set}.arc${i}.log_prob`] = swapped(tf, logProb, logProb.shape as [number, number]);
      actual[`output.${set}.arc${i}.hidden`] = run['carried/hidden'] as HostTensor;
      actual[`output.${set}.arc${i}.loss`] = run.raw as HostTensor;
      if (i > 0) continue;
      for (const [name, tensor] of Object.entries(stated)) {
        const gradient = run[`grad/${name === 'w_emb' ? 'encoder.weight' : name}`] as HostTensor;
        const swap = axes(tensor);
        actual[`grad.${set}.${name}`] = swap ? swapped(tf, gradient, [swap[1], swap[0]]) : gradient;
      }
    }
  }
  return compareAll(fixture, actual, SAME_LAYOUT);
};
