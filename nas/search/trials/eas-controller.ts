/**
 * The meta-controller of EAS as a port: strategies know no tensor library. A bidirectional LSTM reads a
 * network token by token; the wider actor says of every layer whether it grows, by a sigmoid shared by all;
 * the deeper actor, an LSTM that begins with the encoder's last state, chooses block, place in the block and
 * kernel of a new layer (Cai et al. 2018, Figures 2 to 4).
 */
export interface EasControllerShape {
  /** Length that networks are padded to. */
  readonly length: number;
  readonly vocabulary: number;
  readonly embedding: number;
  /** Units of each direction of the encoder; the deeper actor has twice as many. */
  readonly hidden: number;
  /** Options of the deeper actor's choices. */
  readonly blocks: number;
  readonly places: number;
  readonly kernels: number;
}

/** One transformation as the controller chose it. */
export type EasAction =
  | {
      readonly kind: 'widen';
      readonly tokens: readonly number[];
      /** For each token, whether its layer can grow; the others' choices do not count. */
      readonly possible: readonly boolean[];
      readonly taken: readonly boolean[];
    }
  | {
      readonly kind: 'deepen';
      readonly tokens: readonly number[];
      /** For each block, after how many of its layers a layer may be put. */
      readonly places: readonly number[];
      readonly choices: readonly [block: number, place: number, kernel: number];
      /** Whether the kernel was a choice. */
      readonly choosesKernel: boolean;
    };

/** An action with what the network that it led to was rewarded above the baseline. */
export interface EasStep {
  readonly action: EasAction;
  readonly advantage: number;
}

/**
 * Pure functions, equal in every process. Parameters are one flat float32 vector in the order of `easLayout`.
 */
export interface EasController {
  /** Of each token, the probability that its layer grows. */
  widening(shape: EasControllerShape, parameters: Float32Array, tokens: readonly number[]): readonly number[];
  /** Draws block, place and kernel by inversion; some block must have a place. */
  deepening(
    shape: EasControllerShape,
    parameters: Float32Array,
    tokens: readonly number[],
    places: readonly number[],
    uniforms: readonly [number, number, number],
  ): readonly [block: number, place: number, kernel: number];
  /**
   * Gradient of Σ advantage · log p of the actions plus weighted entropy, to be ascended; as long as
   * `parameters`.
   */
  gradient(
    shape: EasControllerShape,
    parameters: Float32Array,
    steps: readonly EasStep[],
    entropyWeight: number,
  ): Float32Array;
}

interface EasParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** How it begins: uniform in ± `range`, or zero but for the forget gates' ones. */
  readonly initial: { readonly kind: 'uniform'; readonly range: number } | { readonly kind: 'gates' };
}

/** Glorot & Bengio 2010, eq. 16. */
const glorot = (inputs: number, outputs: number): EasParameter['initial'] => ({
  kind: 'uniform',
  range: Math.sqrt(6 / (inputs + outputs)),
});
const lstm = (name: string, inputs: number, hidden: number): readonly EasParameter[] => [
  {
    name: `${name}/weights`,
    shape: [inputs + hidden, 4 * hidden],
    initial: glorot(inputs + hidden, 4 * hidden),
  },
  { name: `${name}/bias`, shape: [4 * hidden], initial: { kind: 'gates' } },
];
const dense = (name: string, inputs: number, outputs: number): readonly EasParameter[] => [
  { name: `${name}/weights`, shape: [inputs, outputs], initial: glorot(inputs, outputs) },
  { name: `${name}/bias`, shape: [outputs], initial: { kind: 'uniform', range: 0 } },
];
/** Of unit variance (han-cai/EAS b20c48a, `code/meta_controller/base_controller.py:61`). */
const embedding = (name: string, tokens: number, size: number): EasParameter => ({
  name,
  shape: [tokens, size],
  initial: { kind: 'uniform', range: Math.sqrt(3) },
});

/** The parameters in the order of the flat vector. */
export const easLayout = (shape: EasControllerShape): readonly EasParameter[] => {
  const { vocabulary, embedding: size, hidden, blocks, places, kernels } = shape;
  const state = 2 * hidden;
  return [
    embedding('tokens', vocabulary, size),
    ...lstm('forward', size, hidden),
    ...lstm('backward', size, hidden),
    ...dense('wider', state, 1),
    ...lstm('deeper', size, state),
    embedding('deeper/start', 1, size),
    ...dense('deeper/block', state, blocks),
    embedding('deeper/after block', blocks, size),
    ...dense('deeper/place', state, places),
    embedding('deeper/after place', places, size),
    ...dense('deeper/kernel', state, kernels),
  ];
};
