/** The part of jstat that the product uses; the package has no types of its own. */
declare module 'jstat' {
  interface Distribution {
    /** Quantile function. */
    inv(probability: number, degreesOfFreedom: number): number;
  }
  interface NormalDistribution {
    /** Cumulative distribution function. */
    cdf(x: number, mean: number, sd: number): number;
  }
  interface BetaDistribution {
    /** Quantile function. */
    inv(probability: number, alpha: number, beta: number): number;
  }
  interface NoncentralDistribution {
    /** Cumulative distribution function. */
    cdf(x: number, degreesOfFreedom: number, noncentrality: number): number;
  }
  const jStat: {
    readonly studentt: Distribution;
    readonly normal: NormalDistribution;
    readonly beta: BetaDistribution;
    readonly noncentralt: NoncentralDistribution;
  };
  export default jStat;
}
