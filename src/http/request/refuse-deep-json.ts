/** Deeper than any body tta takes; the messages of OTLP may be nested 100 deep, each with an array around it. */
const maxDepth = 256

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [...Buffer.from('"\\[]{}')]

/**
 * JSON.parse takes seconds for megabytes of brackets, in which nothing else is done, and what walks over its result
 * runs out of stack.
 *
 * @param body JSON in UTF-8; what else is wrong with it is for JSON.parse to say
 * @throws {SyntaxError} it is nested deeper than 256 levels
 */
export function refuseDeepJson(body: Uint8Array): void {
  let depth = 0
  let isInText = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === quote) isInText = !isInText
    else if (isInText) at += byte === backslash ? 1 : 0
    else if (byte === closeBracket || byte === closeBrace) depth--
    else if ((byte === openBracket || byte === openBrace) && ++depth > maxDepth)
      throw new SyntaxError(`nested deeper than ${maxDepth} levels`)
  }
}
