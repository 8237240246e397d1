import type {
  ArchitectureGraph,
  Family,
  GraphEdge,
  GraphNode,
} from '../../space/drawings/architecture-graph.ts';
import { COLOURS, plainColours, SERIES } from '../charts/theme.ts';

const LAYOUT = {
  across: 'rankdir=LR, nodesep=0.14, ranksep=0.2',
  upright: 'rankdir=TB, nodesep=0.08, ranksep=0.16',
} as const;
/** From left to right, or for narrow places from top to bottom. */
export type Direction = keyof typeof LAYOUT;

/** Operations of one family share a colour; those without parameters are dashed. */
const FAMILIES = {
  none: { colour: COLOURS.muted, style: 'dotted' },
  identity: { colour: COLOURS.muted, style: 'dashed' },
  pool: { colour: SERIES[1], style: 'dashed' },
  separable: { colour: SERIES[0], style: 'solid' },
  convolution: { colour: SERIES[2], style: 'solid' },
  rectangular: { colour: SERIES[3], style: 'solid' },
  dense: { colour: SERIES[4], style: 'solid' },
  dilated: { colour: SERIES[5], style: 'solid' },
  tanh: { colour: SERIES[0], style: 'solid' },
  relu: { colour: SERIES[2], style: 'solid' },
  sigmoid: { colour: SERIES[3], style: 'solid' },
} as const satisfies Record<Family, { readonly colour: string; readonly style: string }>;

const lineOf = (family: Family): string => {
  const { colour, style } = FAMILIES[family];
  return `color="${colour}", style=${style}, penwidth=${style === 'solid' ? 1.6 : 1.1}`;
};

const nodeLine = (node: GraphNode): string => {
  switch (node.kind) {
    case 'input':
    case 'output':
      return `  ${node.id} [label="${node.label}", style="filled,rounded", fillcolor="${COLOURS.grid}"];`;
    case 'state':
      return `  ${node.id} [label="${node.label}", style="rounded", width=0.4];`;
    case 'operation': {
      const { colour } = FAMILIES[node.family];
      return `  ${node.id} [label="${node.label}", style="rounded", color="${colour}", fontcolor="${colour}"];`;
    }
  }
};

/** An edge that computes is a line through a label that names its operation. */
const edgeLines = ({ from, to, operation }: GraphEdge, at: number): readonly string[] => {
  if (operation === undefined) return [`  ${from} -> ${to} [color="${COLOURS.muted}", penwidth=0.8];`];
  const { colour } = FAMILIES[operation.family];
  const line = lineOf(operation.family);
  return [
    `  e${at} [label="${operation.label}", shape=plaintext, fontsize=10, fontcolor="${colour}", height=0.2, margin="0.03,0"];`,
    `  ${from} -> e${at} [${line}, dir=none];`,
    `  e${at} -> ${to} [${line}];`,
  ];
};

/**
 * The graph in Graphviz' language, inputs on one line. Colours are light; `themeColours` makes what is drawn
 * from it follow the page.
 */
export const graphText = ({ name, nodes, edges }: ArchitectureGraph, direction: Direction): string => {
  const inputs = nodes.filter(({ kind }) => kind === 'input').map(({ id }) => `${id};`);
  const lines = [
    `digraph ${name} {`,
    `  graph [${LAYOUT[direction]}, bgcolor="transparent", margin=0.02];`,
    `  node [shape=box, fontname="Helvetica", fontsize=11, height=0.32, margin="0.09,0.03", color="${COLOURS.muted}", fontcolor="${COLOURS.ink}"];`,
    '  edge [arrowsize=0.6];',
    ...nodes.map(nodeLine),
    ...(inputs.length > 1 ? [`  { rank=same; ${inputs.join(' ')} }`] : []),
    ...edges.flatMap(edgeLines),
    '}',
  ];
  return plainColours(lines.join('\n'));
};
