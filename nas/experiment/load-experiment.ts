import type { z } from 'zod';
import { withStrategyDefaults } from './check-black-box.ts';
import { EXPERIMENT_CHECKS } from './check-experiment.ts';
import { experimentSchema } from './experiment.ts';
import type { Experiment } from './experiment.ts';
import { experimentGuide, issueErrors } from './experiment-issues.ts';
import { InputError, inputError, inputErrors } from '../core/input-error.ts';
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

const checked = (experiment: Experiment, place: (path: Path) => string): InputError[] =>
  EXPERIMENT_CHECKS.flatMap((check) => [...check(experiment, place)]);

/**
 * What the checks say of an experiment that its schema refuses: they read it with the wrong fields repaired, and only what they say
 * without having read any of those counts.
 */
const checkedAround = (
  raw: unknown,
  issues: readonly z.core.$ZodIssue[],
  place: (path: Path) => string,
): InputError[] => {
  const repaired = repairedExperiment(raw, issues);
  if (repaired === undefined) return [];
  return EXPERIMENT_CHECKS.flatMap((check) => {
    let guessed = false;
    const experiment = watched(repaired.experiment, repaired.fields, () => (guessed = true));
    try {
      const errors = [...check(experiment, place)];
      return guessed ? [] : errors;
    } catch (error) {
      // A check may stumble over what stands in for the wrong field; what it would have said is said in the next attempt.
      if (guessed) return [];
      throw error;
    }
  });
};

/**
 * Reads an experiment: YAML, then `--set` overrides, then the schema's defaults and checks. Throws one `InputError` that lists
 * all that is wrong, each with file, line and column, the field, its value, what is allowed and the fix.
 */
export const loadExperiment = (
  text: string,
  options: { readonly file: string; readonly overrides?: readonly string[] },
): LoadedExperiment => {
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
  const errors = parsed.success
    ? checked(withStrategyDefaults(parsed.data), place)
    : [
        ...issueErrors(raw, parsed.error.issues, experimentGuide(), (path) => place(asPath(path))),
        ...checkedAround(raw, parsed.error.issues, place),
      ];
  const [first, ...rest] = errors;
  if (first !== undefined) throw inputErrors([first, ...rest]);
  if (!parsed.success) throw parsed.error;
  return { experiment: withStrategyDefaults(parsed.data), place };
};
