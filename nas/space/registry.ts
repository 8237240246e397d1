import type { Json } from '../core/json.ts';
import { blockQnn } from './block-qnn.ts';
import { dartsCnn } from './darts-cnn.ts';
import { eas } from './eas.ts';
import { enasMacro } from './enas-macro.ts';
import { enasMicro } from './enas-micro.ts';
import { fractalNet } from './fractal-net.ts';
import { geneticCnn } from './genetic-cnn.ts';
import { hierarchical, hierarchicalFlat } from './hierarchical.ts';
import { autoKerasGraphs, nasbotGraphs } from './layer-graph.ts';
import { nasBench101 } from './nas-bench-101.ts';
import { nasBench201 } from './nas-bench-201.ts';
import { nasBenchMacro } from './nas-bench-macro.ts';
import { nasRl, nasRlGrowing } from './nas-rl.ts';
import { nasnet } from './nasnet.ts';
import { pnas } from './pnas.ts';
import { smash } from './smash.ts';
import type { Space } from './space.ts';

/** Forgets the genotype's type: a caller that looks a space up by name only ever hands it its own genotypes. */
const erased = <G extends Json>(space: Space<G>): Space => space as unknown as Space;

/** All search spaces by name. */
export const SPACES = {
  'darts-cnn': erased(dartsCnn),
  'nas-bench-201': erased(nasBench201),
  'nas-bench-macro': erased(nasBenchMacro),
  'nas-bench-101': erased(nasBench101()),
  nasnet: erased(nasnet),
  pnas: erased(pnas),
  'nas-rl': erased(nasRl()),
  'nas-rl-growing': erased(nasRlGrowing()),
  hierarchical: erased(hierarchical),
  'hierarchical-flat': erased(hierarchicalFlat),
  'genetic-cnn': erased(geneticCnn),
  'fractal-net': erased(fractalNet),
  'enas-macro': erased(enasMacro()),
  'enas-micro': erased(enasMicro),
  nasbot: erased(nasbotGraphs),
  'auto-keras': erased(autoKerasGraphs),
  'block-qnn': erased(blockQnn),
  smash: erased(smash()),
  eas: erased(eas()),
} as const satisfies Record<string, Space>;
export type SpaceName = keyof typeof SPACES;
