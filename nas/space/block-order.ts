/**
 * Blocks of a cell in the order whose description is the least of all orders in which every block follows
 * what it reads: equal exactly for cells that differ in the order of their blocks alone. A block's states are
 * numbered as in the genotype: 0 and 1 are the cells before, 2 + b is block b.
 *
 * @param states the two states that a block reads
 * @param renamed the block with its states renumbered, the same for all forms of the block that mean the same
 * @param rank a number that differs for different blocks
 */
export const leastBlockOrder = <B>(
  blocks: readonly B[],
  states: (block: B) => readonly [number, number],
  renamed: (block: B, names: readonly number[]) => B,
  rank: (block: B) => number,
): readonly B[] => {
  const unnamed = -1;
  const names = [0, 1, ...blocks.map(() => unnamed)];
  /**
   * The least rest of the cell once `placed` blocks have their names: only a least next block can begin it.
   */
  const rest = (placed: number): readonly B[] => {
    let least = Number.POSITIVE_INFINITY;
    let ties: { readonly at: number; readonly block: B }[] = [];
    blocks.forEach((block, at) => {
      const [first, second] = states(block);
      if (names[at + 2] !== unnamed || names[first] === unnamed || names[second] === unnamed) return;
      const next = renamed(block, names);
      const value = rank(next);
      if (value > least) return;
      if (value < least) ties = [];
      least = value;
      ties.push({ at, block: next });
    });
    return ties
      .map(({ at, block }) => {
        names[at + 2] = placed + 2;
        const cell = [block, ...rest(placed + 1)];
        names[at + 2] = unnamed;
        return cell;
      })
      .reduce<readonly B[]>((best, cell) => (best.length === 0 || precedes(cell, best) ? cell : best), []);
  };
  const precedes = (a: readonly B[], b: readonly B[]): boolean => {
    const at = a.findIndex((block, i) => rank(block) !== rank(b[i] as B));
    return at >= 0 && rank(a[at] as B) < rank(b[at] as B);
  };
  return rest(0);
};
