/** One question that `nas doctor` asks. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  /** The command or change that mends it. */
  readonly fix?: string;
}

/** A finding that is not fine. */
export class Finding extends Error {
  override readonly name = 'Finding';
  readonly fix: string;
  constructor(found: string, fix: string) {
    super(found);
    this.fix = fix;
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const reasons = error instanceof AggregateError ? error.errors.map(reasonOf) : [error.message];
  return [...reasons, ...(error.cause === undefined ? [] : [reasonOf(error.cause)])]
    .filter(Boolean)
    .join(': ');
};

/**
 * Asks one question; `ask` answers what it found or throws. `fix` mends what throws anything but a `Finding`.
 */
export const check = async (
  name: string,
  fix: string,
  ask: () => Promise<string> | string,
): Promise<CheckResult> => {
  try {
    return { name, ok: true, found: await ask() };
  } catch (error) {
    const found = reasonOf(error);
    return { name, ok: false, found, fix: error instanceof Finding ? error.fix : fix };
  }
};
