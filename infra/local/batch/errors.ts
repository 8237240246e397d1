/** Batch's own errors, and those that AWS gives callers that it does not know. */
type ErrorType =
  | 'ClientException'
  | 'ServerException'
  | 'TooManyRequestsException'
  | 'AccessDeniedException'
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'MissingAuthenticationTokenException'
  | 'UnrecognizedClientException'
  | 'UnsupportedMediaTypeException';

/** An error that AWS Batch reports to its caller: HTTP status, `x-amzn-errortype` and message. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
  readonly type: ErrorType;
  readonly status: number;
  constructor(type: BatchError['type'], status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
    this.status = status;
  }
}

/** The caller asked for something that does not exist or is not allowed. */
export const clientException = (message: string, options?: ErrorOptions): BatchError =>
  new BatchError('ClientException', 400, message, options);

/** A request refused while it was carried out; AWS words these so. */
export const refused = (message: string): BatchError =>
  clientException(`Error executing request, Exception : ${message}`);
