/** The three stages of the protocol, as workflows, documents and displays name them. */
export const STAGE_NAMES = ['proxy-search', 'retrain-top', 'evaluate'] as const;
export type StageName = (typeof STAGE_NAMES)[number];
