import { InputError, inputError, inputErrors } from '../core/input-error.ts';
import { parseYaml } from '../core/yaml-text.ts';

type Fields = Readonly<Record<string, unknown>>;

const isContainer = (value: unknown): value is Fields | readonly unknown[] =>
  typeof value === 'object' && value !== null;

/** `a.b=c`: the path and the value, which is read as YAML (numbers, lists, text). Throws `InputError`. */
const parseOverride = (text: string): { readonly path: readonly string[]; readonly value: unknown } => {
  const match = /^([A-Za-z][\w.]*)=([\s\S]*)$/.exec(text);
  if (match === null)
    throw inputError('--set', text, 'FIELD=VALUE', 'write for example --set stages.search.recipe.epochs=10');
  const [, field = '', written = ''] = match;
  return { path: field.split('.'), value: parseYaml(written, `--set ${field}`).value };
};

/**
 * The container with a value at a path below it; what is on the way is made. Throws `InputError` where a
 * value is in the way.
 */
const withValue = (container: unknown, path: readonly string[], at: number, value: unknown): unknown => {
  const [field] = path.slice(at);
  if (field === undefined) return value;
  if (container !== undefined && container !== null && !isContainer(container))
    throw inputError(
      `--set ${path.join('.')}`,
      value,
      `fields that exist; ${path.slice(0, at).join('.')} has no fields`,
      'run nas schema to see the fields',
    );
  if (Array.isArray(container)) {
    const index = Number(field);
    if (!/^\d+$/.test(field) || index > container.length)
      throw inputError(
        `--set ${path.join('.')}`,
        value,
        `entries 0 to ${container.length} of the list ${path.slice(0, at).join('.')}`,
        'write the whole list, as in --set stages.search.seeds=[0,1]',
      );
    const list: unknown[] = [...(container as readonly unknown[])];
    list[index] = withValue(list[index], path, at + 1, value);
    return list;
  }
  const fields: Fields = container === undefined || container === null ? {} : { ...container };
  const before = Object.hasOwn(fields, field) ? fields[field] : undefined;
  return { ...fields, [field]: withValue(before, path, at + 1, value) };
};

/**
 * A document with `--set` overrides, and the paths that they gave. Throws one `InputError` that lists all
 * wrong ones.
 */
export const withOverrides = (
  document: Fields,
  overrides: readonly string[],
): { readonly root: Fields; readonly paths: readonly (readonly string[])[] } => {
  let root = document;
  const paths: (readonly string[])[] = [];
  const errors: InputError[] = [];
  for (const override of overrides)
    try {
      const { path, value } = parseOverride(override);
      root = withValue(root, path, 0, value) as Fields;
      paths.push(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      errors.push(error);
    }
  const [first, ...rest] = errors;
  if (first !== undefined) throw inputErrors([first, ...rest]);
  return { root, paths };
};
