import { expect, it } from 'vitest';
import { SPACES } from '../../../nas/space/registry.ts';
import { STRATEGIES } from '../../../nas/search/registry.ts';

it('replays after each batch of results, and not in between', () => {
  const strategy = STRATEGIES['block-qnn'].bind(SPACES['block-qnn']);
  let state = strategy.init({ evaluations: 12, options: { batch: 4 } }, 0);
  const values = (): unknown => (state.model as { readonly q: unknown }).q;
  for (let result = 1; result <= 12; result++) {
    const before = values();
    const [asked, [trial]] = strategy.ask(state, 1);
    if (trial === undefined) throw new Error('the search has ended');
    state = strategy.tell(asked, [{ trial, outcome: { kind: 'score', value: result / 12 } }]);
    if (result % 4 === 0) expect(values(), `result ${result}`).not.toEqual(before);
    else expect(values(), `result ${result}`).toEqual(before);
  }
});

it('has the batch of the paper at its number of networks', () => {
  expect(STRATEGIES['block-qnn'].options(11_392).parse({})).toMatchObject({ batch: 64 });
});
