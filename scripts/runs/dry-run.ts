import { stringify } from 'yaml';
import { errorText } from '../../nas/core/error-text.ts';
import { claimOf } from '../../nas/experiment/claim.ts';
import type { Experiment } from '../../nas/experiment/experiment.ts';
import { InfrastructureError } from '../../nas/core/infrastructure-error.ts';
import { allOrErrors } from '../../nas/core/input-error.ts';
import type { LoadedExperiment, ReadExperiment } from '../../nas/experiment/load-experiment.ts';
import { searchJobs } from '../../nas/protocol/plan.ts';
import { evenShare } from '../../nas/protocol/stages.ts';
import { isSettled } from '../../nas/experiment/settled-experiment.ts';
import type { StoredDataset } from '../../store/datasets.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { useConfig } from '../config.ts';
import { checkResources } from './check-resources.ts';
import { findDataset, loadedOrRefused } from './check-stored.ts';
import { configuredStore } from './configured-store.ts';
import { estimate } from '../../nas/estimate/estimate.ts';
import type { StageEstimate } from '../../nas/estimate/estimate.ts';
import { table } from './format.ts';
import { describeLimits, limitedNetworks, networkSizes } from '../../nas/estimate/network-sizes.ts';
import type { NetworkSizes } from '../../nas/estimate/network-sizes.ts';
import { runNetworks } from '../../nas/estimate/run-networks.ts';
import type { Range } from '../../nas/estimate/spread.ts';
import type { DatasetManifest } from '../../nas/task/manifest.ts';
import type { TaskTerms } from '../../nas/task/task-terms.ts';
import { taskOf } from '../../nas/task/tasks.ts';
import { termsOf } from '../../nas/task/terms.ts';
import { plannedVerdict } from './planned-verdict.ts';
import type { WantedEffect } from './planned-verdict.ts';
import { checkRunId, withTable } from './prepare-run.ts';
import { settleParallelism } from './settle-parallelism.ts';

interface Plan {
  readonly document: object;
  readonly text: string;
}

/**
 * The data set and the experiment with its table, both checked; the experiment as it is when there is no
 * stack to ask.
 */
const storedIfReachable = async (
  loaded: LoadedExperiment,
  openStore: () => ObjectStore,
  gpuMemoryMiB: number | undefined,
): Promise<{ readonly experiment: Experiment; readonly dataset?: StoredDataset }> => {
  try {
    const store = openStore();
    const [dataset, experiment] = await allOrErrors<[StoredDataset, Experiment]>([
      () => findDataset(store, loaded, gpuMemoryMiB),
      () => withTable(store, loaded),
    ]);
    return { dataset, experiment };
  } catch (error) {
    if (!(error instanceof InfrastructureError)) throw error;
    const { table } = loaded.experiment.stages.search;
    const unchecked = table === undefined ? 'data set' : 'data set and table';
    process.stderr.write(`${unchecked} not checked, no cost estimated: ${error.message}\n`);
    return { experiment: loaded.experiment };
  }
};

/** With the parallelism that a run started now would have; left open when there is no queue to ask. */
const settledIfReachable = async (experiment: Experiment): Promise<Experiment> => {
  try {
    return isSettled(experiment) ? experiment : await settleParallelism(useConfig(), experiment);
  } catch (error) {
    if (!(error instanceof InfrastructureError)) throw error;
    process.stderr.write(`resources.parallelism: from the queue when the run starts; now ${error.message}\n`);
    return experiment;
  }
};

/** See `checkResources`, as far as there is a queue to ask. */
const checkedIfReachable = async (loaded: LoadedExperiment): Promise<number | undefined> => {
  try {
    return await checkResources(useConfig(), loaded);
  } catch (error) {
    if (!(error instanceof InfrastructureError)) throw error;
    process.stderr.write(`queue and resources are not checked: ${errorText(error)}\n`);
    return undefined;
  }
};

const engineering = (n: number): string => n.toExponential(2);
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** A mean, and between which values four of five of what it is of lie, where they differ. */
const spread = (value: number, [low, high]: Range, print: (value: number) => string): string =>
  print(low) === print(high) ? print(value) : `${print(value)} (${print(low)} to ${print(high)})`;

/** Money that is not known is not nothing. */
const dollars = (known: number | null): string => (known === null ? 'unknown' : known.toFixed(2));

const rows = (estimates: readonly StageEstimate[], { example }: TaskTerms): string[][] => [
  ['stage', 'jobs', `${example}s`, 'multiply-adds', 'hours at most', 'dollars at most'],
  ...estimates.map((stage) => [
    stage.stage,
    String(stage.jobs),
    spread(stage.images, stage.likely.images, engineering),
    spread(stage.multiplyAdds, stage.likely.multiplyAdds, engineering),
    stage.hoursAtMost.toFixed(1),
    dollars(stage.dollarsAtMost),
  ]),
];

/** What the upper bounds mean, and what a budget can do about them. */
const boundLines = ({ resources, budget }: Experiment): string[] => {
  const { attempts, timeoutSeconds, spotDollarsPerHour } = resources;
  return [
    '# in parentheses: between which costs four of five runs lie, by the chance of which networks are found, as dear as random',
    '# ones, and of which are trained on',
    `# at most: each job takes all of its ${attempts} attempts of ${timeoutSeconds} s (resources.attempts, resources.timeoutSeconds)`,
    ...(spotDollarsPerHour === 0
      ? [
          `# dollars: unknown, because resources.spotDollarsPerHour is not given${
            budget.dollars === undefined ? '' : `; budget.dollars = ${budget.dollars} therefore holds nothing`
          }`,
        ]
      : []),
  ];
};

const sizeRows = (networks: readonly NetworkSizes[]): string[][] => [
  [
    'stage',
    'network',
    'parameters',
    'multiply-adds',
    'activations of a minibatch, MiB',
    'memory at least, MiB',
  ],
  ...networks.map(({ stage, network, parameters, multiplyAdds, activationBytes, leastBytes, likely }) => [
    stage,
    network,
    spread(parameters, likely.parameters, engineering),
    spread(multiplyAdds, likely.multiplyAdds, engineering),
    spread(activationBytes, likely.activationBytes, mebibytes),
    spread(leastBytes, likely.leastBytes, mebibytes),
  ]),
];

/** What the ranges of the tables mean, and what jobs hold besides. */
const sizeLines = (heldBytes: number): string[] => [
  '# in parentheses: between which values four of five of the networks lie; memory at least: of the smallest of them',
  ...(heldBytes > 0 ? [`# a job holds the data set besides: ${mebibytes(heldBytes)} MiB`] : []),
];

/** A table as comments below the YAML document. */
const commented = (title: string, lines: string[][]): string[] => [
  '',
  `# ${title}`,
  ...table(lines)
    .split('\n')
    .map((line) => `# ${line}`),
];

/** Paths of the jobs of a run, as far as they are known before it. */
const plannedJobs = (experiment: Experiment): readonly string[] => {
  const { search, retrain, evaluate } = experiment.stages;
  const found = searchJobs(experiment);
  /** Of each search, where they are compared one by one. */
  const searches = claimOf(experiment) === 'search' ? found.map(({ seed }) => seed) : [undefined];
  const below = (seed: number | undefined): string => (seed === undefined ? '' : `search-${seed}/`);
  const matched = search.table === undefined || claimOf(experiment) === 'cell';
  return [
    ...found.map(({ jobId }) =>
      search.evaluations === undefined ? jobId : `${jobId}/trial-… (${search.evaluations} networks at most)`,
    ),
    ...searches.flatMap((seed, index) => {
      const cells = evenShare(retrain.topK, searches.length, index);
      return Array.from({ length: cells }, (_, i) => `stage-2/${below(seed)}cell-… (${i + 1} of ${cells})`);
    }),
    ...(experiment.origin === undefined
      ? searches.map(
          (seed) =>
            `stage-3/baseline/${below(seed)}cell-… (random cells, ${
              matched
                ? 'until stages 1 and 2 are matched in multiply-adds'
                : 'as many looked up and retrained as by the search'
            })`,
        )
      : []),
    ...(['winner', 'baseline'] as const).flatMap((who) =>
      searches.flatMap((seed) =>
        evaluate.seeds.map((training) => `stage-3/${who}/${below(seed)}seed-${training}`),
      ),
    ),
  ];
};

/** What is expected of jobs on a data set. */
const costsOf = (experiment: Experiment, manifest: DatasetManifest) => {
  const networks = runNetworks(experiment, manifest);
  return {
    estimates: estimate(experiment, manifest, networks),
    networks: networkSizes(experiment, manifest, networks),
    heldBytes: taskOf(manifest.task).heldBytes(manifest),
  };
};

/**
 * What `nas run --dry-run` prints: the resolved experiment, the jobs as far as they are known, the cost.
 * Throws `InputError` as the run would when it starts, as far as the store can be asked.
 */
export const planFor = async (
  read: ReadExperiment,
  name: string | undefined,
  openStore: () => ObjectStore = configuredStore,
  wanted: WantedEffect = {},
): Promise<Plan> => {
  if (name !== undefined) checkRunId(name);
  const loaded = await loadedOrRefused(read, openStore);
  let gpuMemoryMiB: number | undefined;
  const [, { dataset, experiment: found }] = await allOrErrors<
    [void, Awaited<ReturnType<typeof storedIfReachable>>]
  >([
    async () => {
      gpuMemoryMiB = await checkedIfReachable(loaded);
    },
    () => storedIfReachable(loaded, openStore, gpuMemoryMiB),
  ]);
  const experiment = await settledIfReachable(found);
  const limits = dataset && limitedNetworks(experiment, dataset.manifest);
  const costs = dataset && costsOf(experiment, dataset.manifest);
  const jobs = plannedJobs(experiment);
  const verdict = await plannedVerdict(experiment, wanted, openStore);
  return {
    document: { experiment, jobs, verdict: verdict.document, ...costs, ...(limits && { limits }) },
    text: [
      stringify(experiment).trimEnd(),
      '',
      '# jobs',
      ...jobs.map((job) => `# ${job}`),
      '',
      ...verdict.lines.map((line, i) => `# ${i === 0 ? 'verdict: ' : ''}${line}`),
      ...(costs === undefined
        ? []
        : [
            ...commented('expected cost', rows(costs.estimates, termsOf(experiment.task.kind))),
            ...boundLines(experiment),
            ...commented('networks', sizeRows(costs.networks)),
            ...sizeLines(costs.heldBytes),
          ]),
      ...(limits === undefined ? [] : ['', `# ${describeLimits(limits)}`]),
    ].join('\n'),
  };
};
