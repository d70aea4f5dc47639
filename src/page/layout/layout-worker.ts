import { layOut } from './layout.ts'

/** Runs in a worker: takes `{ id, input }`, answers `{ id, layout }`. */
self.addEventListener('message', ({ data: { id, input } }) => self.postMessage({ id, layout: layOut(input) }))
