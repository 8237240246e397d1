import { z } from 'zod';
import { toHost, toTensor, type Tensor, type Tensors, type Tf } from '../../nas/training/graph/tensor.ts';
import { mapValues } from '../../nas/training/graph/variable-groups.ts';
import { asgd, AVERAGING, usedRate } from '../../nas/training/optimizers/asgd.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { compare, type Check, type TensorFixture } from './fixture.ts';
import { hosted } from './hosted.ts';

const configSchema = z.object({ steps: z.number(), weight_decay: z.number() });

const TOLERANCE = 1e-5;

/** Averaged SGD under a learning rate that changes every step, averaging from the first one. */
export const checkAsgd = async (tf: Tf, fixture: TensorFixture): Promise<readonly Check[]> => {
  const { steps, weight_decay: weightDecay } = configSchema.parse(fixture.config);
  const input = (name: string): HostTensor => fixture.tensors[name] as HostTensor;
  const optimizer = asgd({ weightDecay, patience: 5 });
  const rows = hosted(tf, () => {
    let params: Tensors = { w: toTensor(tf, input('param.w')) };
    let slots: Tensors = {
      ...mapValues(optimizer.slots({ w: input('param.w') }), (slot) => toTensor(tf, slot)),
      [AVERAGING]: tf.scalar(1),
    };
    const kept: Record<'w' | 'average' | 'used_learning_rates', Tensor[]> = {
      w: [],
      average: [],
      used_learning_rates: [],
    };
    const gradients = tf.unstack(toTensor(tf, input('input.gradients')));
    const rates = tf.unstack(toTensor(tf, input('input.learning_rates')));
    for (let step = 0; step < steps; step++) {
      const learningRate = rates[step] as Tensor;
      kept.used_learning_rates.push(usedRate(tf, slots, learningRate));
      const given = { params, gradients: { w: gradients[step] as Tensor }, slots, learningRate };
      ({ params, slots } = optimizer.update(tf, given));
      kept.w.push(params.w as Tensor);
      kept.average.push(optimizer.evaluated?.(tf, params, slots).w as Tensor);
    }
    return mapValues(kept, (tensors: Tensor[]) => toHost(tf.stack(tensors)));
  });
  return Object.entries(rows).map(([name, tensor]) => compare(fixture, `output.${name}`, tensor, TOLERANCE));
};
