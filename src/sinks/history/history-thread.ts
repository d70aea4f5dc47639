import { Worker } from 'node:worker_threads'
import { builtFile } from '../../base/package.ts'
import type { FileOptions } from './history-file.ts'
import type { Answer, Call, Calls } from './history-worker.ts'

interface Waiting {
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
}

const workerFile = builtFile('sinks/history/history-worker.js')

/** Calls the thread that has the file. The first call starts the thread, and so does the next one after it has died. */
export class HistoryThread {
  private readonly options: FileOptions
  private readonly waiting = new Map<number, Waiting>()
  private worker: Worker | undefined
  private calls = 0

  constructor(options: FileOptions) {
    this.options = options
  }

  /** @returns the answer of the thread @throws the thread has died */
  async call<M extends keyof Calls>(method: M, ...args: Parameters<Calls[M]>) {
    this.worker ??= this.start()
    const { worker } = this
    const call: Call = { id: ++this.calls, method, args }
    // A call keeps the process alive, but an idle thread does not.
    worker.ref()
    try {
      return await new Promise<Answer & { result?: ReturnType<Calls[M]> }>((resolve, reject) => {
        this.waiting.set(call.id, { resolve: resolve as Waiting['resolve'], reject })
        worker.postMessage(call)
      })
    } finally {
      this.waiting.delete(call.id)
      if (this.waiting.size === 0) worker.unref()
    }
  }

  /** Waits for the running calls, and ends the thread. */
  async close(): Promise<void> {
    if (this.worker === undefined) return
    await this.call('close')
    await this.worker.terminate()
  }

  private start(): Worker {
    const worker = new Worker(workerFile, { workerData: this.options, execArgv: [] })
    const died = (error: Error) => {
      if (this.worker === worker) this.worker = undefined
      for (const { reject } of this.waiting.values()) reject(error)
    }
    worker.on('message', (answer: Answer) => this.waiting.get(answer.id)?.resolve(answer))
    worker.on('error', died)
    worker.on('exit', () => died(new Error('the thread has ended')))
    return worker
  }
}
