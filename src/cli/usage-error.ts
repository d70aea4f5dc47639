/** What a command was asked for cannot be done; the message is one line that says what to write instead. */
export class UsageError extends Error {
  override name = 'UsageError'
}
