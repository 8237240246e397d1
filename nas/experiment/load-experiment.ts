import { withStrategyDefaults } from './check-black-box.ts';
import { withClaim } from './claim.ts';
import { EXPERIMENT_CHECKS } from './check-experiment.ts';
import { experimentSchema } from './experiment.ts';
import type { Experiment } from './experiment.ts';
import { experimentGuide, issueErrors } from './experiment-issues.ts';
import { inputError, inputErrors } from '../core/input-error.ts';
import type { InputError } from '../core/input-error.ts';
import { repairedExperiment, watched } from './repaired-experiment.ts';
import { withOverrides } from './override.ts';
import { parseYaml } from '../core/yaml-text.ts';
import type { Path } from '../core/yaml-text.ts';

const dotted = (path: Path): string => path.join('.');

/** A genotype that is printed as JSON may stand in the document as what YAML reads from it. */
const withPrintedGenotype = (raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof raw['genotype'] === 'object' && raw['genotype'] !== null
    ? { ...raw, genotype: JSON.stringify(raw['genotype']) }
    : raw;

const hasField = (value: unknown, [part, ...rest]: Path): boolean =>
  part === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, part) &&
    hasField((value as Readonly<Record<string | number, unknown>>)[part], rest));

const asPath = (path: readonly PropertyKey[]): Path =>
  path.map((part) => (typeof part === 'number' ? part : String(part)));

export interface LoadedExperiment {
  readonly experiment: Experiment;
  /** `file:line:column` of a field, or `--set` where an override gave it; for messages. */
  place(path: Path): string;
}

/** An experiment as it is written, right or wrong. */
export interface ReadExperiment {
  /** All that is wrong with it by itself. */
  readonly errors: readonly InputError[];
  /**
   * What a further check says of it. Where the schema refuses the experiment, the check reads it with the
   * wrong fields repaired, and only what it says without having read any of those counts.
   */
  ask<T>(check: (loaded: LoadedExperiment) => Iterable<T>): readonly T[];
  /** The experiment. Throws one `InputError` that lists the errors, where there are any. */
  loaded(): LoadedExperiment;
}

/** See `ReadExperiment.ask`. */
const askAround = <T>(
  repaired: ReturnType<typeof repairedExperiment>,
  place: (path: Path) => string,
  check: (loaded: LoadedExperiment) => Iterable<T>,
): readonly T[] => {
  if (repaired === undefined) return [];
  let guessed = false;
  const experiment = watched(repaired.experiment, repaired.fields, () => (guessed = true));
  try {
    const answers = [...check({ experiment, place })];
    return guessed ? [] : answers;
  } catch (error) {
    // A check may stumble over what stands in for the wrong field; what it would have said is said in the
    // next attempt.
    if (guessed) return [];
    throw error;
  }
};

/**
 * Reads an experiment: YAML, then `--set` overrides, then the schema's defaults and checks. Each error has
 * file, line and column, the field, its value, what is allowed and the fix. Throws `InputError` where the
 * text is no YAML of fields.
 */
export const readExperimentText = (
  text: string,
  options: { readonly file: string; readonly overrides?: readonly string[] },
): ReadExperiment => {
  const { file, overrides = [] } = options;
  const yaml = parseYaml(text, file);
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value))
    throw inputError(file, yaml.value, 'a mapping of fields', 'begin with name: my-experiment');
  const { root, paths } = withOverrides({ ...yaml.value }, overrides);
  const set = paths.map(dotted);
  const isSet = (path: Path): boolean => {
    const field = dotted(path);
    const isWritten = hasField(yaml.value, path);
    return set.some(
      (other) =>
        field === other || field.startsWith(`${other}.`) || (!isWritten && other.startsWith(`${field}.`)),
    );
  };
  const place = (path: Path): string =>
    isSet(path) ? `--set ${dotted(path)}` : `${yaml.place(path)} ${dotted(path)}`.trim();

  const raw = withPrintedGenotype(root);
  const parsed = experimentSchema.safeParse(raw);
  const experiment = parsed.success ? withClaim(withStrategyDefaults(parsed.data)) : undefined;
  const repaired = parsed.success ? undefined : repairedExperiment(raw, parsed.error.issues);
  const ask = <T>(check: (loaded: LoadedExperiment) => Iterable<T>): readonly T[] =>
    experiment === undefined ? askAround(repaired, place, check) : [...check({ experiment, place })];
  const errors = [
    ...issueErrors(raw, parsed.error?.issues ?? [], experimentGuide(raw), (path) => place(asPath(path))),
    ...EXPERIMENT_CHECKS.flatMap((check) => ask((loaded) => check(loaded.experiment, place))),
  ];
  return {
    errors,
    ask,
    loaded: () => {
      const [first, ...rest] = errors;
      if (first !== undefined) throw inputErrors([first, ...rest]);
      if (experiment === undefined) throw parsed.error;
      return { experiment, place };
    },
  };
};

/**
 * The experiment of a text; see `readExperimentText`. Throws one `InputError` that lists all that is wrong.
 */
export const loadExperiment = (...of: Parameters<typeof readExperimentText>): LoadedExperiment =>
  readExperimentText(...of).loaded();
