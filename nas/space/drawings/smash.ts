import type { ArchitectureGraph } from './architecture-graph.ts';
import type { SmashBlock, SmashGenotype, SmashOperation } from '../smash-genotype.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

/** `4: 3×3 d2 → 5×5 + 3×3`: output units, then the two branches. */
const smashLabel = ({ width, convs }: SmashOperation): string => {
  const texts = convs.map((conv) => {
    if (conv === null) return undefined;
    const [k, dilation, groups] = conv;
    return `${k}×${k}${dilation > 1 ? ` d${dilation}` : ''}${groups > 1 ? ` g${groups}` : ''}`;
  });
  const branch = (slots: readonly (string | undefined)[]): string[] => {
    const used = slots.filter((text) => text !== undefined);
    return used.length === 0 ? [] : [used.join(' → ')];
  };
  return `${width}: ${[...branch(texts.slice(0, 2)), ...branch(texts.slice(2))].join(' + ')}`;
};

/** An operation reads of those that wrote to its banks before. */
const smashBlockGraph = ({ input, bank, ops }: SmashBlock, index: number): ArchitectureGraph => {
  const writers = Array.from({ length: input / bank }, () => [0]);
  const sources = ops.map(({ read, write }, i) => {
    const from = read.flatMap((at) => writers[at] ?? []);
    for (const to of write) writers[to] = [...(writers[to] ?? []), i + 1];
    return from.sort((a, b) => a - b);
  });
  return operationGraph(
    `block${index + 1}`,
    ops.map((op) => ({ label: smashLabel(op), family: 'convolution' })),
    [...sources, writers.flat().sort((a, b) => a - b)],
    CELL_ENDS,
  );
};

export const smashGraphs = ({ blocks }: SmashGenotype): readonly ArchitectureGraph[] =>
  blocks.map(smashBlockGraph);
