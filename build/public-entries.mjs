/** Sources of the package's exports, by the name of their file in `dist/exports`. Declarations are made of them too. */
export const publicEntries = {
  index: 'src/index.ts',
  graph: 'src/graph/kernel.ts',
}
