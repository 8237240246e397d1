/**
 * Optimal transport between two lists of masses of equal total, by successive shortest paths with potentials
 * (Ahuja, Magnanti & Orlin 1993, §9.7). `cost[i][j]` ≥ 0 is the price of moving one unit from supply i to
 * demand j; the result is the least total price. Work: O((n + m)³) for n supplies and m demands. Written out,
 * and on flat arrays, because exact transport of real masses between a dozen layers, thousands of times, is
 * all that is needed.
 */
export const transportCost = (
  supplies: readonly number[],
  demands: readonly number[],
  cost: readonly (readonly number[])[],
): number => {
  const n = supplies.length;
  const m = demands.length;
  const size = n + m;
  const left = Float64Array.from(supplies);
  const open = Float64Array.from(demands);
  const price = Float64Array.from(cost.flat());
  const flow = new Float64Array(n * m);
  const tolerance = 1e-12 * (1 + supplies.reduce((a, b) => a + b, 0));
  // Vertices: supplies 0 … n − 1, demands n … n + m − 1.
  const potential = new Float64Array(size);
  const distance = new Float64Array(size);
  const parent = new Int32Array(size);
  const done = new Uint8Array(size);
  for (;;) {
    done.fill(0);
    parent.fill(-1);
    distance.fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < n; i++) if ((left[i] as number) > tolerance) distance[i] = 0;
    let end = -1;
    // Dijkstra, until a demand with room is reached.
    while (end === -1) {
      let u = -1;
      let reach = Number.POSITIVE_INFINITY;
      for (let v = 0; v < size; v++)
        if (done[v] === 0 && (distance[v] as number) < reach) {
          u = v;
          reach = distance[v] as number;
        }
      if (u === -1) break;
      done[u] = 1;
      if (u >= n && (open[u - n] as number) > tolerance) {
        end = u;
        break;
      }
      const base = reach + (potential[u] as number);
      const [from, to] = u < n ? [n, size] : [0, n];
      for (let v = from; v < to; v++) {
        if (done[v] === 1) continue;
        const arc = u < n ? u * m + v - n : v * m + u - n;
        if (u >= n && (flow[arc] as number) <= tolerance) continue;
        const along =
          base + (u < n ? (price[arc] as number) : -(price[arc] as number)) - (potential[v] as number);
        if (along < (distance[v] as number)) {
          distance[v] = Math.max(reach, along);
          parent[v] = u;
        }
      }
    }
    if (end === -1) break;
    const reach = distance[end] as number;
    for (let v = 0; v < size; v++)
      potential[v] = (potential[v] as number) + Math.min(distance[v] as number, reach);
    let amount = open[end - n] as number;
    let start = end;
    for (let v = end; parent[v] !== -1; v = parent[v] as number) {
      const u = parent[v] as number;
      if (u >= n) amount = Math.min(amount, flow[v * m + u - n] as number);
      start = u;
    }
    amount = Math.min(amount, left[start] as number);
    for (let v = end; parent[v] !== -1; v = parent[v] as number) {
      const u = parent[v] as number;
      const arc = u < n ? u * m + v - n : v * m + u - n;
      flow[arc] = (flow[arc] as number) + (u < n ? amount : -amount);
    }
    left[start] = (left[start] as number) - amount;
    open[end - n] = (open[end - n] as number) - amount;
  }
  return flow.reduce((sum, mass, arc) => sum + mass * (price[arc] as number), 0);
};
