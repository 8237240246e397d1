import type { Description } from './shape-layers.ts';

/** Trained parameters: every weight, without batch norm's running statistics. */
export const countParameters = ({ declarations }: Pick<Description, 'declarations'>): number =>
  declarations
    .filter(({ role }) => role === 'weight')
    .reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);

/** Multiply-adds of one forward pass of one image: convolutions and fully connected layers. */
export const countMultiplyAdds = ({ multiplyAdds }: Description): number =>
  multiplyAdds.convolution + multiplyAdds.linear;

/** Names of the trained parameters, and of the running statistics. */
export const parameterNames = ({
  declarations,
}: Description): { readonly weights: readonly string[]; readonly buffers: readonly string[] } => ({
  weights: declarations.filter(({ role }) => role === 'weight').map(({ name }) => name),
  buffers: declarations.filter(({ role }) => role === 'buffer').map(({ name }) => name),
});
