import type { NodeHttpHandlerOptions } from '@smithy/types';

/** Time-outs of an AWS client, so that no request can hang for ever; `milliseconds` for a whole answer. */
export const requestTimeouts = (milliseconds: number) =>
  ({
    connectionTimeout: 5_000,
    requestTimeout: milliseconds,
    throwOnRequestTimeout: true,
    socketTimeout: 20_000,
  }) satisfies NodeHttpHandlerOptions;
