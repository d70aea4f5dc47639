/** Loaded into tta before it starts: tells the process that started it of every request tta sends, and of every answer. */
import { subscribe } from 'node:diagnostics_channel'
import { createReceivedBytes } from './received-bytes.mjs'

const receivedBytes = createReceivedBytes()
subscribe('http.client.request.start', ({ request }) => {
  process.send?.({
    sent: { path: request.path, headers: request.getHeaders(), host: request.getHeader('host') },
  })
})
subscribe('http.client.response.finish', ({ response }) => {
  response.once('end', () => process.send?.({ received: receivedBytes(response.socket) }))
})
