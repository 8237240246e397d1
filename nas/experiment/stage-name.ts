/** The three stages of the protocol, as workflows, documents and displays name them. */
export type StageName = 'proxy-search' | 'retrain-top' | 'evaluate';
