import type { ControllerMath } from '../../nas/search/trials/controller-math.ts';
import type { EasController } from '../../nas/search/trials/eas-controller.ts';
import type { SequenceRegression } from '../../nas/search/trials/sequence-regression.ts';
import type { StrategyPorts } from '../../nas/search/strategy.ts';
import { createControllerMath } from '../../nas/training/controllers/controller-math.ts';
import { createEasController } from '../../nas/training/controllers/eas-controller.ts';
import { createSequenceRegression } from '../../nas/training/controllers/sequence-regression.ts';
import type { Tf } from '../../nas/training/graph/tensor.ts';
import { loadTensorFlow } from '../trainer/tensorflow.ts';

/** Controllers are small; one thread makes their numbers equal on every machine of a kind. */
const THREADS = 1;

const onDemand = <T>(create: (tf: Tf) => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= create(loadTensorFlow({ threads: THREADS }).tf));
};

/**
 * The tensor arithmetic of strategies. TensorFlow is loaded at the first use, which most searches never make.
 */
export const strategyPortsOnDemand = (): Required<StrategyPorts> => {
  const math = onDemand(createControllerMath);
  const eas = onDemand(createEasController);
  const sequences = onDemand(createSequenceRegression);
  return {
    controller: {
      sample: (...given) => math().sample(...given),
      logProbability: (...given) => math().logProbability(...given),
      gradient: (...given) => math().gradient(...given),
    } satisfies ControllerMath,
    eas: {
      widening: (...given) => eas().widening(...given),
      deepening: (...given) => eas().deepening(...given),
      gradient: (...given) => eas().gradient(...given),
    } satisfies EasController,
    sequences: {
      fit: (...given) => sequences().fit(...given),
      predict: (...given) => sequences().predict(...given),
    } satisfies SequenceRegression,
  };
};
