/** What `promise` gives, or at once the reason of `signal`. @throws what the promise rejects with, or that reason */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = () => {}
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  return Promise.race([promise, left]).finally(() => signal.removeEventListener('abort', leave))
}
