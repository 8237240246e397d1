import type { Json } from '../../nas/core/json.ts';
import { inputError } from '../../nas/core/input-error.ts';
import type { NetworkSize } from '../../nas/task/task.ts';
import { taskOf } from '../../nas/task/tasks.ts';
import { readGenotype, spaceOptions } from '../../nas/space/read-genotype.ts';
import { definitionOf } from '../../nas/space/registry.ts';
import { architectureGraphs } from '../../nas/report/architectures/drawings.ts';
import type { ArchitectureGraph } from '../../nas/space/drawings/architecture-graph.ts';
import { InvalidArchitectureError } from '../../nas/training/program.ts';
import { tensorTaskOf } from '../../nas/training/tasks/registry.ts';
import type { NetworkFacts } from '../../nas/training/tasks/tensor-task.ts';
import type { FoundArchitecture } from './find-architecture.ts';
import { table } from './format.ts';

interface ArchitectureDescription {
  readonly origin: string;
  readonly space: string;
  /** Options of the space that are not its defaults. */
  readonly options: Readonly<Record<string, Json>>;
  readonly genotype: string;
  /** Equal for genotypes that describe the same network. */
  readonly hash: string;
  /** How often each operation occurs, by graph (`normal`, `reduce`; `network`). */
  readonly operations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** As it is used after training: without an auxiliary head. */
  readonly network: NetworkSize & { readonly parameters: number; readonly multiplyAdds: number };
  /** What it is counted on. */
  readonly data: Readonly<Record<string, Json>> & { readonly name: string };
  /** Size and data in words. */
  readonly counted: string;
}

const tally = ({ nodes, edges }: ArchitectureGraph): Record<string, number> => {
  const counts: Record<string, number> = {};
  const labels = [
    ...nodes.flatMap((node) => (node.kind === 'operation' ? [node.label] : [])),
    ...edges.flatMap(({ operation }) => operation?.label ?? []),
  ];
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
};

/** Size of the network: its space's own, that of a run, what is wanted, the later the stronger. */
const sizeOf = ({ space, size }: FoundArchitecture, wanted: NetworkSize): NetworkSize => {
  const { task: kind, publishedSize } = definitionOf(space.name);
  const task = taskOf(kind);
  const { network } = task.stages.evaluate;
  const parsed = network.safeParse({ ...task.counted.size, ...publishedSize, ...size, ...wanted });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw inputError(
    ['--set network', ...(issue?.path ?? [])].join('.'),
    wanted,
    `a size that networks of the space ${space.name} can have`,
    `${issue?.message}; docs/experiment.md lists the fields of stages.evaluate.network`,
    { cause: parsed.error },
  );
};

/**
 * Throws `InputError` where the genotype does not parse or its network cannot be built at that size, of which
 * `wanted` has some fields.
 */
export const describeArchitecture = (
  found: FoundArchitecture,
  wanted: NetworkSize,
): ArchitectureDescription => {
  const { space, genotype, origin } = found;
  const { task: kind } = definitionOf(space.name);
  const task = taskOf(kind);
  const data = found.data ?? task.counted.data;
  const size = sizeOf(found, wanted);
  const { printed, hash } = readGenotype(space, genotype);
  let facts: NetworkFacts;
  try {
    facts = tensorTaskOf(kind).describe(data, { space, genotype, size });
  } catch (cause) {
    if (!(cause instanceof InvalidArchitectureError)) throw cause;
    throw inputError('--set network', size, 'a size that the network can have', cause.message, { cause });
  }
  const { parameters, multiplyAdds } = facts;
  const { fields, text } = task.listed(data);
  return {
    origin,
    space: space.name,
    options: spaceOptions(space),
    genotype: printed,
    hash,
    operations: Object.fromEntries(
      architectureGraphs(space, genotype).map((graph) => [graph.name, tally(graph)]),
    ),
    network: { ...size, parameters, multiplyAdds },
    data: { name: data.name, ...fields },
    counted: `${task.sizeText(size)}, on ${data.name} (${text})`,
  };
};

export const printArchitecture = ({
  origin,
  space,
  options,
  genotype,
  hash,
  operations,
  network,
  counted,
}: ArchitectureDescription): string => {
  const graphs = Object.entries(operations);
  const labels = [...new Set(graphs.flatMap(([, counts]) => Object.keys(counts)))].sort();
  const rows = labels.map((label) => [label, ...graphs.map(([, counts]) => `${counts[label] ?? 0}`)]);
  const { parameters, multiplyAdds } = network;
  return [
    `${origin}, space ${[space, ...Object.entries(options).map(([name, value]) => `${name} ${String(value)}`)].join(', ')}, hash ${hash}`,
    genotype,
    '',
    table([['operation', ...graphs.map(([name]) => name)], ...rows]),
    '',
    `${counted}: ${parameters.toLocaleString('en')} parameters, ${multiplyAdds.toLocaleString('en')} multiply-adds`,
  ].join('\n');
};
