import { pnasAsNasnet } from '../../space/pnas.ts';
import type { PnasGenotype } from '../../space/pnas.ts';
import { nasnetNetwork } from './nasnet.ts';
import type { BuildNetwork } from './network.ts';

/**
 * A PNAS network (Liu et al. 2018, §3.1–3.2): a NASNet of one cell for both strides whose blocks are all
 * concatenated. A network of N has `layers` = 3N cells, of which the first of the second and of the last
 * third has stride 2.
 */
export const pnasNetwork = (genotype: PnasGenotype): BuildNetwork => nasnetNetwork(pnasAsNasnet(genotype));
