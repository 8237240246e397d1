import { LineCounter, isAlias, isCollection, isMap, isNode, isScalar, parseDocument, visit } from 'yaml';
import type { Alias, Document } from 'yaml';
import { inputError, inputErrors } from './input-error.ts';
import type { InputError } from './input-error.ts';

export type Path = readonly (string | number)[];

/** A YAML document as plain values, and where each of them stands. */
export interface YamlText {
  readonly value: unknown;
  /**
   * `experiments/a.yaml:12:5` of a path in the document; the file alone where no part of the path is in it.
   */
  place(path: Path): string;
}

/** References (`*name`) of a document at most: nobody needs more, and each may stand for a large value. */
const MOST_ALIASES = 100;

/** What to do about the faults that are told apart. */
const FIXES: Readonly<Record<string, readonly [allowed: string, fix: string]>> = {
  MULTIPLE_DOCS: [
    'one document in a file',
    'put what follows into a file of its own, or remove the line ---',
  ],
  DUPLICATE_KEY: ['each field once', 'remove one of the two'],
  TAB_AS_INDENT: ['spaces before a field', 'replace the tab by spaces: expand -t 2 does'],
  TAG_RESOLVE_FAILED: ['plain values', 'remove the tag that begins with !'],
  RESOURCE_EXHAUSTION: ['a document of less depth', 'write fewer brackets into each other'],
};

/**
 * Parses YAML. Throws one `InputError` with every fault of its syntax, each with line and column. What would
 * be silently changed is refused as well: further documents, tags that nobody knows, keys that are lists,
 * references into themselves.
 */
export const parseYaml = (given: string, file: string): YamlText => {
  // A carriage return alone ends a line in YAML, and a comment with it, which the parser does not know.
  // Places stay what they are.
  const text = given.replace(/\r(?!\n)/g, '\n');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const lineFrom = (offset: number): string => /^[^\n]*/.exec(text.slice(offset, offset + 1000))?.[0] ?? '';
  const throwAll = (errors: readonly InputError[]): void => {
    const [first, ...rest] = errors;
    if (first !== undefined) throw inputErrors([first, ...rest]);
  };

  const seen = new Set<number>();
  throwAll(
    [...document.errors, ...document.warnings].flatMap((fault) => {
      const [offset] = fault.pos;
      // One slip makes many parts of a line wrong.
      const { line } = lines.linePos(offset);
      if (seen.has(line)) return [];
      seen.add(line);
      const [message = 'correct the line'] = fault.message.split(/ at line \d+|\n/);
      const [allowed, fix] = FIXES[fault.code] ?? ['YAML', `correct the file: ${message}`];
      return inputError(at(offset), lineFrom(offset), allowed, fix);
    }),
  );
  throwAll(
    referenceFaults(document, (offset, allowed, fix) =>
      inputError(at(offset), lineFrom(offset), allowed, fix),
    ),
  );

  const place = (path: Path): string => {
    for (let length = path.length; length > 0; length--) {
      const container = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
      const node = document.getIn(path.slice(0, length), true);
      // The key stands where a reader looks for the field; its value may begin on the next line.
      const key = isMap(container)
        ? container.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === path[length - 1])
            ?.key
        : undefined;
      const offset =
        (isNode(key) ? key.range?.[0] : undefined) ?? (isNode(node) ? node.range?.[0] : undefined);
      if (offset !== undefined) return at(offset);
    }
    return file;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    let first = 0;
    visit(document, {
      Alias: (_, { range }) => {
        first = range?.[0] ?? 0;
        return visit.BREAK;
      },
    });
    throw inputError(
      at(first),
      'references (*name) to references',
      `values that ${MOST_ALIASES} references make at most`,
      'write the values out',
      { cause },
    );
  }
  return { value, place };
};

/** Faults of references and keys, which the parser leaves to who converts the document. */
const referenceFaults = (
  document: Document,
  fault: (offset: number, allowed: string, fix: string) => InputError,
): readonly InputError[] => {
  const faults: InputError[] = [];
  const offsetOf = (node: { range?: readonly number[] | null }): number => node.range?.[0] ?? 0;
  const aliases: { readonly alias: Alias; readonly ancestors: readonly unknown[] }[] = [];
  visit(document, (_, node, ancestors) => {
    if (isAlias(node)) aliases.push({ alias: node, ancestors });
    if (aliases.length > MOST_ALIASES) return visit.BREAK;
    if (isMap(node))
      for (const { key } of node.items)
        if (isCollection(key))
          faults.push(fault(offsetOf(key), 'names of fields', 'write the name without brackets'));
        else if (isScalar(key) && key.value === '<<')
          faults.push(
            fault(
              offsetOf(key),
              'fields by their names; << is of YAML 1.1',
              'write the fields out, or refer to all of them: field: *name',
            ),
          );
    return undefined;
  });
  if (aliases.length > MOST_ALIASES) {
    const { alias } = aliases[MOST_ALIASES] as (typeof aliases)[number];
    return [fault(offsetOf(alias), `at most ${MOST_ALIASES} references (*name)`, 'write the values out')];
  }
  for (const { alias, ancestors } of aliases) {
    const source = alias.resolve(document);
    if (source === undefined)
      faults.push(
        fault(offsetOf(alias), 'a name that an anchor (&name) before it gives', 'write the value out'),
      );
    else if (ancestors.includes(source))
      faults.push(fault(offsetOf(alias), 'values that do not contain themselves', 'write the value out'));
  }
  return faults;
};
