import type { ArchitectureGraph, Operation } from './architecture-graph.ts';
import { nasRlLooseEnds, nasRlSources, type NasRlGenotype } from '../nas-rl.ts';
import { NETWORK_ENDS, operationGraph } from './operation-graph.ts';

export const nasRlGraph = (layers: NasRlGenotype): ArchitectureGraph =>
  operationGraph(
    'network',
    layers.map(({ type, height, width, filters, stride }): Operation => {
      const shape = `${height}×${width}${stride === 1 ? '' : ` /${stride}`}`;
      return type === 'conv'
        ? { label: `conv ${shape}, ${filters}`, family: 'convolution' }
        : { label: `max ${shape}`, family: 'pool' };
    }),
    [
      ...nasRlSources(layers).map((from) => (from.length === 0 ? [0] : from.map((j) => j + 1))),
      nasRlLooseEnds(layers).map((i) => i + 1),
    ],
    NETWORK_ENDS,
  );
