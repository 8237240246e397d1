import { LineCounter, isMap, isScalar, parse, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { withStrategyDefaults } from './check-black-box.ts';
import { checkExperiment } from './check-experiment.ts';
import { experimentSchema } from './experiment.ts';
import type { Experiment } from './experiment.ts';
import { describeIssue } from './experiment-issues.ts';
import { inputError } from './input-error.ts';

type Path = readonly (string | number)[];

const dotted = (path: Path): string => path.join('.');

/** `experiments/a.yaml:12` of a path in the document; the file alone where the path is not in it. */
const placeOf = (file: string, document: Document, lines: LineCounter, path: Path): string => {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const container = length === 1 ? document.contents : parent;
    const node = document.getIn(path.slice(0, length), true) as
      { range?: [number, number, number] } | undefined;
    // The key stands where a reader looks for the field; its value may begin on the next line.
    const key = isMap(container)
      ? container.items.find((pair) => isScalar(pair.key) && pair.key.value === path[length - 1])?.key
      : undefined;
    const offset = (key as { range?: [number, number, number] } | undefined)?.range?.[0] ?? node?.range?.[0];
    if (offset !== undefined) return `${file}:${lines.linePos(offset).line}`;
  }
  return file;
};

/** `--set a.b=c`: the path and the value, which is read as YAML (numbers, lists, text). */
const parseOverride = (text: string): { path: string[]; value: unknown } => {
  const match = /^([A-Za-z][\w.]*)=([\s\S]*)$/.exec(text);
  if (match === null)
    throw inputError('--set', text, 'FIELD=VALUE', 'write for example --set stages.search.recipe.epochs=10');
  let value: unknown;
  try {
    value = parse(match[2] as string);
  } catch (cause) {
    throw inputError(
      `--set ${match[1] as string}`,
      match[2],
      'a YAML value',
      'quote text that YAML would read otherwise',
      { cause },
    );
  }
  return { path: (match[1] as string).split('.'), value };
};

/** A genotype that is printed as JSON may stand in the document as what YAML reads from it. */
const withPrintedGenotype = (raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof raw['genotype'] === 'object' && raw['genotype'] !== null
    ? { ...raw, genotype: JSON.stringify(raw['genotype']) }
    : raw;

const asPath = (path: readonly PropertyKey[]): Path =>
  path.map((part) => (typeof part === 'number' ? part : String(part)));

export interface LoadedExperiment {
  readonly experiment: Experiment;
  /** `file:line` of a field, or `--set` where an override gave it; for messages. */
  place(path: Path): string;
}

/**
 * Reads an experiment: YAML, then `--set` overrides, then the schema's defaults and checks. Throws `InputError` with
 * file and line, the field, its value, what is allowed and the fix.
 */
export const loadExperiment = (
  text: string,
  options: { readonly file: string; readonly overrides?: readonly string[] },
): LoadedExperiment => {
  const { file, overrides = [] } = options;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken !== undefined)
    throw inputError(
      `${file}:${lines.linePos(broken.pos[0]).line}`,
      text.slice(broken.pos[0], broken.pos[1]).split('\n')[0],
      'YAML',
      broken.message.split('\n')[0] ?? 'correct the line',
      { cause: broken },
    );
  if (!isMap(document.contents))
    throw inputError(file, document.toJS(), 'a mapping of fields', 'begin with name: my-experiment');
  const overridden = new Set<string>();
  for (const override of overrides) {
    const { path, value } = parseOverride(override);
    const blocker = path.findIndex((_, i) => i > 0 && isScalar(document.getIn(path.slice(0, i), true)));
    if (blocker > 0)
      throw inputError(
        `--set ${dotted(path)}`,
        value,
        `fields that exist; ${path.slice(0, blocker).join('.')} has no fields`,
        'run nas schema to see the fields',
      );
    document.setIn(path, value);
    overridden.add(dotted(path));
  }
  const place = (path: Path): string =>
    [...overridden].some((set) => dotted(path) === set || dotted(path).startsWith(`${set}.`))
      ? `--set ${dotted(path)}`
      : `${placeOf(file, document, lines, path)} ${dotted(path)}`.trim();

  const raw = withPrintedGenotype(document.toJS() as Readonly<Record<string, unknown>>);
  const parsed = experimentSchema.safeParse(raw);
  if (!parsed.success) {
    const { issues } = parsed.error;
    // A misspelt field is also a missing one; the misspelling is what helps.
    const issue = (issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]) as z.core.$ZodIssue;
    const { path, value, allowed, fix } = describeIssue(raw, issue);
    throw inputError(place(asPath(path)), value, allowed, fix, { cause: parsed.error });
  }
  const experiment = withStrategyDefaults(parsed.data);
  checkExperiment(experiment, place);
  return { experiment, place };
};
