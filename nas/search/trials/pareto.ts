/** Objectives of one network, all to be maximised: negate what is to be small. */
export type Objectives = readonly number[];

/** At least as good everywhere and better somewhere. */
export const dominates = (a: Objectives, b: Objectives): boolean =>
  a.every((value, i) => value >= (b[i] as number)) && a.some((value, i) => value > (b[i] as number));

/** Indices of the points that no other dominates, in their order; of equal points all. */
export const paretoFront = (points: readonly Objectives[]): readonly number[] =>
  points.flatMap((point, i) => (points.some((other) => dominates(other, point)) ? [] : [i]));

/** A network's score, to be high, and one cost, to be low. */
export interface ScoreAndCost {
  readonly score: number;
  readonly cost: number;
}

/** The front of two objectives, cheapest first; of equal points the first. */
export const scoreCostFront = <P extends ScoreAndCost>(points: readonly P[]): readonly P[] => {
  const front: P[] = [];
  for (const point of [...points].sort((a, b) => a.cost - b.cost || b.score - a.score))
    if (front.length === 0 || point.score > (front.at(-1) as P).score) front.push(point);
  return front;
};

/** Rank of each point: 0 for the front, 1 for the front without those, … (Deb et al. 2002, §III-A). */
export const nonDominatedRanks = (points: readonly Objectives[]): readonly number[] => {
  const ranks = new Array<number>(points.length).fill(-1);
  let left = points.map((_, i) => i);
  for (let rank = 0; left.length > 0; rank++) {
    const front = new Set(
      paretoFront(left.map((i) => points[i] as Objectives)).map((k) => left[k] as number),
    );
    for (const i of front) ranks[i] = rank;
    left = left.filter((i) => !front.has(i));
  }
  return ranks;
};

/**
 * Crowding distance of each point within its own rank: the sum over the objectives of the gap between its
 * neighbours, in units of the rank's range; infinite at the ends (Deb et al. 2002, §III-B).
 */
export const crowdingDistances = (
  points: readonly Objectives[],
  ranks: readonly number[],
): readonly number[] => {
  const distances = new Array<number>(points.length).fill(0);
  for (const rank of new Set(ranks)) {
    const members = points.flatMap((_, i) => (ranks[i] === rank ? [i] : []));
    for (let m = 0; m < (points[0]?.length ?? 0); m++) {
      const valueOf = (i: number): number => (points[i] as Objectives)[m] as number;
      const sorted = [...members].sort((a, b) => valueOf(a) - valueOf(b));
      const range = valueOf(sorted.at(-1) as number) - valueOf(sorted[0] as number);
      sorted.forEach((i, k) => {
        const [before, after] = [sorted[k - 1], sorted[k + 1]];
        distances[i] =
          before === undefined || after === undefined
            ? Number.POSITIVE_INFINITY
            : (distances[i] as number) + (range > 0 ? (valueOf(after) - valueOf(before)) / range : 0);
      });
    }
  }
  return distances;
};

/** Volume dominated by points of two objectives above a reference that is worse in both. */
export const hypervolume = (points: readonly Objectives[], reference: Objectives): number => {
  const [floor, wall] = reference as readonly [number, number];
  const front = paretoFront(points)
    .map((i) => points[i] as readonly [number, number])
    .sort((a, b) => b[0] - a[0]);
  let volume = 0;
  let height = wall;
  for (const [x, y] of front) {
    if (x <= floor || y <= height) continue;
    volume += (x - floor) * (y - height);
    height = y;
  }
  return volume;
};
