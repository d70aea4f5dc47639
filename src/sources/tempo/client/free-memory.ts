import { MessageChannel } from 'node:worker_threads'

/** A port whose other end is closed: memory that is transferred to it is freed. */
const { port1: closedPort, port2 } = new MessageChannel()
port2.close()

/**
 * Frees the memory of bytes at once; they are empty afterwards.
 *
 * The garbage collector counts such memory as part of its heap. The answers of a read are many times larger than
 * everything else. Without this function the collector runs every few answers, and marks on every core for
 * milliseconds while requests wait.
 *
 * @param bytes used by no other code; left alone if they are in Node's pool or not at the beginning of their memory
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer, byteOffset } = bytes
  if (byteOffset === 0 && buffer.byteLength > Buffer.poolSize)
    closedPort.postMessage(undefined, [buffer as ArrayBuffer])
}
