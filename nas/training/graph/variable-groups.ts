/** Names of a group of variables in checkpoints: `weights/stem.0.weight`. */
export const prefixed = <T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}/${name}`, tensor]));

/** The tensors of a group by their own names. */
export const group = <T>(prefix: string, tensors: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(`${prefix}/`))
      .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]),
  );

/** The same names with other values. */
export const mapValues = <T, U>(
  tensors: Readonly<Record<string, T>>,
  to: (value: T, name: string) => U,
): Record<string, U> =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, to(value, name)]));
