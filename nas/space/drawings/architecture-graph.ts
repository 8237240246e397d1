/** What an operation is like; drawings give each family a colour. */
export type Family =
  | 'none'
  | 'identity'
  | 'pool'
  | 'separable'
  | 'convolution'
  | 'rectangular'
  | 'dense'
  | 'dilated'
  | 'tanh'
  | 'relu'
  | 'sigmoid';

export interface Operation {
  readonly label: string;
  readonly family: Family;
}

/** An input or output, a state, or an operation that is a vertex of its own. */
export type GraphNode =
  | { readonly id: string; readonly kind: 'input' | 'output' | 'state'; readonly label: string }
  | ({ readonly id: string; readonly kind: 'operation' } & Operation);

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** What the edge computes; nothing unless given. */
  readonly operation?: Operation;
}

/** A network, or a part of one, as it is drawn. */
export interface ArchitectureGraph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}
