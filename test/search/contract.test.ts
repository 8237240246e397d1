import { nasBench101 } from '../../nas/space/nas-bench-101.ts';
import { SPACES } from '../../nas/space/registry.ts';
import type { Space } from '../../nas/space/space.ts';
import { STRATEGIES } from '../../nas/search/registry.ts';
import { plain, strategyContract, wrapped } from './contract.ts';

/** A cell space, a small table, binary codes, growing graphs, and graphs with constraints. */
strategyContract(
  [
    SPACES['darts-cnn'],
    SPACES['nas-bench-201'],
    SPACES['genetic-cnn'],
    SPACES['auto-keras'],
    nasBench101(5) as unknown as Space,
  ],
  Object.values(STRATEGIES)
    .filter(({ needsController }) => !needsController)
    .map(plain),
);

/** Spaces of one strategy. */
strategyContract(
  [SPACES['block-qnn'], SPACES.pnas],
  [plain(STRATEGIES['block-qnn']), plain(STRATEGIES.pnas)],
);
strategyContract([SPACES.nasbot], [plain(STRATEGIES.nasbot)]);
strategyContract([SPACES.hierarchical], [plain(STRATEGIES['hierarchical-evolution'])]);

/** Schedulers over strategies that learn in different ways. */
strategyContract(
  [SPACES['nas-bench-201']],
  [
    wrapped(STRATEGIES.asha, STRATEGIES['regularized-evolution']),
    wrapped(STRATEGIES.asha, STRATEGIES['nsga-net']),
    wrapped(STRATEGIES.asha, STRATEGIES['bayesian-optimization']),
    wrapped(STRATEGIES.asha, STRATEGIES.surrogate),
    wrapped(STRATEGIES.asha, STRATEGIES['q-learning']),
    wrapped(STRATEGIES.asha, STRATEGIES['judged-evolution']),
    wrapped(STRATEGIES.hyperband, STRATEGIES.tpe),
  ],
);
strategyContract([SPACES.pnas], [wrapped(STRATEGIES.hyperband, STRATEGIES.pnas)]);
