import { parentPort, workerData } from 'node:worker_threads'
import { type FileOptions, HistoryFile } from './history-file.ts'

/** The calls of the thread: methods of the file. */
export type Calls = Pick<HistoryFile, 'insert' | 'last' | 'at' | 'list' | 'remove' | 'probe' | 'close'>

export interface Call {
  id: number
  method: keyof Calls
  args: unknown[]
}

export interface Answer {
  id: number
  result?: unknown
  /** Why there is no result. */
  failure?: string
  /** New path of a damaged file that was moved aside in this call. */
  movedAside?: string
  /** Whether the file is another one than in the last call. */
  isAnother?: true
}

// Disk access and compression run in their own thread, so that requests do not wait for them.
if (parentPort) serve(parentPort, new HistoryFile(workerData as FileOptions))

function serve(port: NonNullable<typeof parentPort>, file: HistoryFile): void {
  port.on('message', ({ id, method, args }: Call) => {
    const answer: Answer = { id }
    try {
      answer.result = (file[method] as (...args: unknown[]) => unknown).apply(file, args)
    } catch (error) {
      answer.failure = failureText(error)
    }
    const movedAside = file.movedAside()
    if (movedAside !== undefined) answer.movedAside = movedAside
    if (file.isAnother()) answer.isAnother = true
    port.postMessage(answer)
  })
}

/** Returns the message without the path that errors of node:fs name: only the operator may see it. */
function failureText(error: unknown): string {
  const { code, name, message } = error as Error & { code?: string }
  if (name === 'ForeignFile') return `the file ${message}`
  return code === undefined
    ? message
    : `${message.replace(/, \w+ '.*'$/, '').replace(/^\w+: /, '')} (${code})`
}
