import { expect, test } from 'vitest';
import { nearest, suggestion } from '../../nas/core/nearest.ts';

test.each([
  ['sdg', ['sgd', 'adam'], 'sgd'],
  ['Q 1', ['q1', 'q2'], 'q1'],
  ['fashion-mnist-smal', ['fashion-mnist', 'fashion-mnist-small'], 'fashion-mnist-small'],
  ['mean', ['mean_acc', 'epoch'], 'mean_acc'],
  ['*', ['q1'], undefined],
  ['', ['q1'], undefined],
  ['ab', ['q1'], undefined],
  ['q', [], undefined],
])('%j is meant as one of %j: %s', (word, allowed, meant) => {
  expect(nearest(word, allowed)).toBe(meant);
});

test('what else to do is said where nothing is near', () => {
  expect(suggestion('*', ['q1'], 'nas list shows the runs')).toBe('nas list shows the runs');
  expect(suggestion(7, ['q1'], 'nas list shows the runs')).toBe('nas list shows the runs');
});
