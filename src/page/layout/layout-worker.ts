import { layOut } from './layout.ts'

/** Runs in a worker: receives `{ id, input }` and answers `{ id, layout }`. */
self.addEventListener('message', ({ data: { id, input } }) => self.postMessage({ id, layout: layOut(input) }))
