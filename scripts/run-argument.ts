/** What the help says of an argument that names a run. */
export const RUN = 'name of a run; nas list shows them';
