/** What is derived from a list that grows by appending, kept from one version of the list to the next. */
export interface Growing<T, D> {
  /** Of all of the list's items; made anew only for a list that was not made by `append`. */
  of(list: readonly T[]): D;
  /** The list with one more item. What was derived from the shorter list goes on as the longer one's. */
  append(list: readonly T[], item: T): readonly T[];
}

/**
 * Lists are immutable and part of a state that is plain JSON; what is derived from them is neither. `add`
 * changes the derived value by one item, so that a search that goes on in one process pays for the item
 * alone.
 */
export const growing = <T, D>(create: () => D, add: (derived: D, item: T) => void): Growing<T, D> => {
  const known = new WeakMap<readonly T[], D>();
  const of = (list: readonly T[]): D => {
    const before = known.get(list);
    if (before !== undefined) return before;
    const made = create();
    for (const item of list) add(made, item);
    known.set(list, made);
    return made;
  };
  return {
    of,
    append: (list, item) => {
      const longer = [...list, item];
      const derived = known.get(list);
      if (derived !== undefined) {
        add(derived, item);
        known.delete(list);
        known.set(longer, derived);
      }
      return longer;
    },
  };
};
