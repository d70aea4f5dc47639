import type { Layout, LayoutInput } from './layout.ts'

/** Lays out graphs in a worker, so that the page stays responsive. */
export class LayoutClient {
  private readonly worker = new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' })
  private last = 0

  /** @returns undefined if another layout was requested in the meantime */
  layOut(input: LayoutInput): Promise<Layout | undefined> {
    const id = ++this.last
    return new Promise((resolve, reject) => {
      const end = () => {
        this.worker.removeEventListener('message', take)
        this.worker.removeEventListener('error', fail)
      }
      const take = ({ data }: MessageEvent<{ id: number; layout: Layout }>) => {
        if (data.id !== id) return
        end()
        resolve(id === this.last ? data.layout : undefined)
      }
      const fail = (event: ErrorEvent) => {
        end()
        reject(new Error(`The layout failed: ${event.message}`))
      }
      this.worker.addEventListener('message', take)
      this.worker.addEventListener('error', fail)
      this.worker.postMessage({ id, input })
    })
  }
}
