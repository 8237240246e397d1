import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { countCorrect, crossEntropy } from '../../../nas/training/tasks/images/losses.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const LOGITS = [
  [2, -1, 0.5],
  [0, 0, 3],
];
const LABELS = [0, 1];
const loss = (smoothing: number, labels = LABELS): number =>
  tf.tidy(
    () =>
      crossEntropy(tf, tf.tensor2d(LOGITS), tf.tensor1d(labels, 'int32'), smoothing).dataSync()[0] as number,
  );

/** −Σ target · log softmax, in plain numbers. */
const plain = (smoothing: number): number =>
  LOGITS.map((row, i) => {
    const sum = row.reduce((total, z) => total + Math.exp(z), 0);
    return row.reduce((total, z, k) => {
      const target = (k === LABELS[i] ? 1 - smoothing : 0) + smoothing / row.length;
      return total - target * (z - Math.log(sum));
    }, 0);
  }).reduce((total, value) => total + value, 0) / LOGITS.length;

describe('crossEntropy', () => {
  it.each([0, 0.1, 0.5])('mixes the target with the uniform distribution, smoothing %d', (smoothing) => {
    expect(loss(smoothing)).toBeCloseTo(plain(smoothing), 5);
  });

  it('of uniform logits is ln K whatever the smoothing', () => {
    const uniform = tf.tidy(
      () => crossEntropy(tf, tf.zeros([1, 7]), tf.tensor1d([3], 'int32'), 0.3).dataSync()[0] as number,
    );
    expect(uniform).toBeCloseTo(Math.log(7), 5);
  });

  it('gives padding no loss and no hit', () => {
    expect(loss(0, [0, -1])).toBeCloseTo((Math.log(Math.E ** 2 + Math.E ** -1 + Math.E ** 0.5) - 2) / 2, 5);
    const correct = tf.tidy(
      () => countCorrect(tf, tf.tensor2d(LOGITS), tf.tensor1d([0, -1], 'int32')).dataSync()[0],
    );
    expect(correct).toBe(1);
  });

  it('counts logits with a NaN among them as wrong, whatever the label', () => {
    const rows = [
      [NaN, 0, 1],
      [0, NaN, 1],
      [0, 1, NaN],
      [NaN, NaN, NaN],
      [0, 1, 2],
      [Infinity, 1, 2],
    ];
    const correct = (label: number): number =>
      tf.tidy(() => {
        const labels = tf.fill([rows.length], label, 'int32') as never;
        return countCorrect(tf, tf.tensor2d(rows), labels).dataSync()[0] as number;
      });
    expect([0, 1, 2].map(correct)).toEqual([1, 0, 1]);
  });
});
