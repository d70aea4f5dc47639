/** Counts what comes in on sockets that are used again and again. @returns bytes since the socket was last asked about */
export function createReceivedBytes() {
  const before = new WeakMap()
  return (socket) => {
    const bytes = socket.bytesRead - (before.get(socket) ?? 0)
    before.set(socket, socket.bytesRead)
    return bytes
  }
}
