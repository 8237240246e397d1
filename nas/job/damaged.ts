/**
 * Types of failures that say which document an activity found damaged, and could not do without. Their detail
 * is the job or the stage whose document it is: who catches them has it made again.
 */
export const DAMAGED_RESULT = 'DamagedResult';
export const DAMAGED_STAGE = 'DamagedStage';
