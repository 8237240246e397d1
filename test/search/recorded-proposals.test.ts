import { expect, it } from 'vitest';
import { STRATEGIES } from '../../nas/search/registry.ts';
import type { StrategyEntry } from '../../nas/search/registry.ts';
import { SPACES } from '../support/spaces.ts';
import { proposalsHash } from './recorded-proposals.ts';

/**
 * Recorded before strategies kept what they derive from a search's results: what they propose has not changed
 * since.
 */
const RECORDED: Readonly<Record<string, string>> = {
  random: '9c2da90fd70e8bb9',
  'regularized-evolution': '5fac46a173a1842b',
  'non-aging-evolution': '3f4af03c74c2f051',
  'hierarchical-evolution': 'e919e1eb976b0c41',
  'local-search': '8efbd8f318468e08',
  genetic: 'b55ab0eccbb0e27b',
  'nsga-net': '705b9271c282bbb2',
  reinforce: '1231d60af3664dc9',
  ppo: '4f5d2b08403bd008',
  'q-learning': '41094feb2cf2bb6e',
  'block-qnn': '4c52f5b2f53601b1',
  tpe: '3264a0e0d4db3432',
  'bayesian-optimization': '9f2cd6fa894109d5',
  surrogate: 'd1d4b98af9556d14',
  pnas: 'c09115c5ddec05f7',
  nasbot: 'b1b36cf06cb29e3e',
  'auto-keras': '5f9d50d178c936f0',
  'judged-random': '5acfd3ea07875448',
  'judged-evolution': '47128b8c570940b8',
  'judged-hierarchical-evolution': '3e27a729b13f6be1',
  asha: '60ca71240557cfec',
  'asha-evolution': 'c8921ff0e9808990',
  'successive-halving': '25d88ec34629aee1',
  hyperband: '2af0068861d9501f',
  bohb: '8dac4e89e2f5faba',
};

const searched = Object.values(STRATEGIES).filter(
  ({ needsController }) => !needsController,
) as StrategyEntry[];

it.each(searched.map((entry) => [entry.name, entry] as const))('%s proposes what it did', (name, entry) => {
  const space = [SPACES['nas-bench-201'], SPACES['block-qnn'], SPACES.pnas, SPACES.nasbot].find(
    (candidate) => entry.refuses(candidate) === undefined,
  );
  if (space === undefined) throw new Error(`${name}: no space to search`);
  expect(proposalsHash(entry, space)).toBe(RECORDED[name]);
});
