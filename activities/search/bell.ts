/** Several events, of which any wakes the one that waits; one that came before the wait ends it at once. */
interface Bell {
  ring(): void;
  wait(): Promise<void>;
}

export const createBell = (): Bell => {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: async () => {
      if (!rung) await new Promise<void>((resolve) => (wake = resolve));
      rung = false;
      wake = undefined;
    },
  };
};
