import type { ArchitectureGraph, Operation } from './architecture-graph.ts';
import type { FractalNetGenotype } from '../fractal-net.ts';
import { CELL_ENDS, operationGraph } from './operation-graph.ts';

/** One block: column k convolves in every 2^k-th row; columns that end in a row are joined. */
export const fractalNetGraph = ({ columns, join }: FractalNetGenotype): ArchitectureGraph => {
  const operations: Operation[] = [];
  const sources: (readonly number[])[] = [];
  const add = (operation: Operation, from: readonly number[]): number => {
    sources.push(from);
    return operations.push(operation);
  };
  const states = new Array<number>(columns).fill(0);
  for (let row = 1; row <= 2 ** (columns - 1); row++) {
    const ending = states.map((_, column) => column).filter((column) => row % 2 ** column === 0);
    const ends = ending.map((column) =>
      add({ label: 'conv', family: 'convolution' }, [states[column] as number]),
    );
    const value = ends.length === 1 ? (ends[0] as number) : add({ label: join, family: 'identity' }, ends);
    for (const column of ending) states[column] = value;
  }
  return operationGraph('block', operations, [...sources, [states[0] as number]], CELL_ENDS);
};
