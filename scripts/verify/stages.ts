/**
 * Stages whose jobs `nas verify-resume` can run; apart from what it needs to run them, so that the command
 * line starts quickly.
 */
export const VERIFIED_STAGES = ['search', 'retrain', 'evaluate'] as const;
export type VerifiedStage = (typeof VERIFIED_STAGES)[number];
