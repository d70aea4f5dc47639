import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { TtaError } from '../../base/errors.ts'
import { problemOf } from '../../model/problem.ts'

/** What Node says of what it could not read as a request. */
interface ConnectionError extends Error {
  code?: string
}

/** Answers what is no HTTP request, or one whose head is too long: no route has it, and no reply. */
export function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(toTtaError(error), `urn:uuid:${randomUUID()}`)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function toTtaError({ code }: ConnectionError): TtaError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new TtaError('TTA_HEADERS_TOO_LARGE', 'Address and headers together are too long')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new TtaError('TTA_REQUEST_TIMEOUT', 'The request did not come to its end in time')
  }
  return new TtaError('TTA_BAD_REQUEST', `This is no HTTP request${code === undefined ? '' : ` (${code})`}`)
}
