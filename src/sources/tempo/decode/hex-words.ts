/** An id of 32-bit words, most significant first, as Tempo wants it: 8 hex digits for each. */
export function hexWords(words: Uint32Array): string {
  let hex = ''
  for (const word of words) hex += word.toString(16).padStart(8, '0')
  return hex
}
