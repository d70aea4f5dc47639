import { MessageChannel } from 'node:worker_threads'

/** Nobody listens: what is handed over to the other side is gone. */
const { port1: nowhere, port2: closed } = new MessageChannel()
closed.close()

/**
 * Gives the memory of bytes back at once; they are empty afterwards.
 *
 * The garbage collector counts such memory as its heap's. Left to it, the answers of a read are many times what else
 * there is: it runs every few of them, marking on every core for milliseconds at a time, with requests waiting.
 *
 * @param bytes nobody else's; those out of Node's pool, or not at the beginning of their memory, are left alone
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer, byteOffset } = bytes
  if (byteOffset === 0 && buffer.byteLength > Buffer.poolSize)
    nowhere.postMessage(undefined, [buffer as ArrayBuffer])
}
