import { InfrastructureError } from '../../nas/core/infrastructure-error.ts';
import { inputError, thrownInputErrors } from '../../nas/core/input-error.ts';
import { suggestion } from '../../nas/core/nearest.ts';
import type { DatasetManifest } from '../../nas/task/manifest.ts';
import type { NetworkSize } from '../../nas/task/task.ts';
import { isGenotypeCall } from '../../nas/space/genotype-call.ts';
import { excerpt } from '../../nas/space/excerpt.ts';
import {
  definitionOf,
  SPACE_NAMES,
  spaceSchema,
  type SpaceChoice,
  type SpaceName,
} from '../../nas/space/registry.ts';

/** Values by field. */
type Fields = Readonly<Record<string, string | number>>;

export interface FoundArchitecture {
  readonly space: SpaceChoice;
  /** As it was printed. */
  readonly genotype: string;
  /** Where it is from: `DARTS_V2`, `run quickstart: its winner`, `given`. */
  readonly origin: string;
  /** Of the network that a run evaluates. */
  readonly size?: NetworkSize;
  /** Data set of that run, where it is still stored. */
  readonly data?: DatasetManifest;
}

/** The best architecture of a run so far: its winner, else its best retraining, else stage 1's best. */
const ofRun = async (run: string): Promise<FoundArchitecture> => {
  const [{ withSession }, { readRunRecord }, { foundCells, readReported }, { readDataset }] =
    await Promise.all([
      import('./connect.ts'),
      import('./control-run.ts'),
      import('./reported-cells.ts'),
      import('../../store/datasets.ts'),
    ]);
  const [report, record, stored] = await withSession(async (session) => {
    const found = await readReported(session, run, foundCells);
    const { experiment, dataset } = await readRunRecord(session, run);
    return [found, experiment, await readDataset(session.store, dataset.name)] as const;
  });
  const { space, stages } = record;
  const ways: readonly (readonly [string | undefined, string])[] = [
    [report.winner?.genotype, 'its winner'],
    [report.retrainings.find(({ by }) => by === 'winner')?.genotype, 'its best retrained cell so far'],
    [report.searches[0]?.best[0]?.genotype, 'its best searched cell so far'],
  ];
  for (const [genotype, what] of ways) {
    if (genotype !== undefined)
      return {
        space,
        genotype,
        origin: `run ${run}: ${what}`,
        size: stages.evaluate.network,
        ...(stored && { data: stored.manifest }),
      };
  }
  throw inputError('cell', run, 'a run that has found a cell', `nas status ${run} says how far it is`);
};

/** The space of that name, with the options that are given, else those that the genotype tells itself. */
const spaceCalled = (name: string, text: string, options: Fields): SpaceChoice => {
  if (!(SPACE_NAMES as readonly string[]).includes(name))
    throw inputError(
      '--space',
      name,
      SPACE_NAMES.join(', '),
      suggestion(name, SPACE_NAMES, 'use the name of a space'),
    );
  const told = definitionOf(name as SpaceName).toldOptions(text);
  const parsed = spaceSchema.safeParse({ ...told, ...options, name });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw inputError(
    `space.${issue?.path.join('.') ?? ''}`,
    options,
    `the options of ${name}`,
    `${issue?.message}; docs/spaces.md lists them`,
    { cause: parsed.error },
  );
};

const publishedIn = (name: SpaceName): Readonly<Record<string, string>> => definitionOf(name).published();

/** Whether cells of the space are printed so. */
const reads = (name: SpaceName, text: string): boolean => {
  const { trained } = definitionOf(name);
  return trained !== undefined && [...thrownInputErrors(() => trained.parse(text))].length === 0;
};

/** The space whose cells a text of the DARTS family's form is of; where it is none, that family's first. */
const spaceOfCall = (text: string): SpaceName => SPACE_NAMES.find((name) => reads(name, text)) ?? 'darts-cnn';

/** One word: anything else is no name of a run. */
const RUN_NAME = /^[\w.-]{1,128}$/;

/**
 * The architecture that a word means: a published name, a printed genotype (of a DARTS space unless `space`
 * names another, with its options), or a run. Throws `InputError` listing the
 * published names where it is none of them.
 */
export const findArchitecture = async (
  given: string,
  space?: string,
  options: Fields = {},
): Promise<FoundArchitecture> => {
  const text = given.trim();
  // A name may be that of a cell in each of two spaces.
  const having = SPACE_NAMES.filter((name) => Object.hasOwn(publishedIn(name), text));
  const named = space === undefined ? having[0] : having.find((name) => name === space);
  if (space !== undefined && named === undefined && having.length > 0)
    throw inputError('--space', space, having.join(', '), `${text} is a cell of no other: leave --space out`);
  if (named !== undefined) {
    const genotype = publishedIn(named)[text] as string;
    return { space: spaceCalled(named, genotype, options), genotype, origin: text };
  }
  if (space !== undefined || isGenotypeCall(text))
    return { space: spaceCalled(space ?? spaceOfCall(text), text, options), genotype: text, origin: 'given' };
  const names = SPACE_NAMES.flatMap((name) => Object.keys(publishedIn(name)));
  const allowed = `${names.join(', ')}, a printed genotype (with --space unless it is Genotype(…)), or the name of a run`;
  if (!RUN_NAME.test(text))
    throw inputError(
      'cell',
      excerpt(text),
      allowed,
      'if it is a printed genotype: name its space with --space',
    );
  try {
    return await ofRun(text);
  } catch (cause) {
    // Without a stack there are no runs: the word can only have been meant as a published name.
    if (!(cause instanceof InfrastructureError)) throw cause;
    throw inputError(
      'cell',
      text,
      allowed,
      suggestion(text, names, 'if it is a run: nas up starts the stack'),
      {
        cause,
      },
    );
  }
};
