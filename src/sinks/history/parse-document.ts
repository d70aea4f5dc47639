import type { GraphDocument } from '../../model/graph-document.ts'

/** Keys that documents had before version 0.1.0, with their path, and their names since then. */
const renamedKeys: [path: string[], before: string, now: string][] = [
  [['summary', 'spans'], 'unnamed', 'withoutService'],
  [['summary', 'read'], 'notGiven', 'unavailable'],
  [['summary', 'phasesMs'], 'handOn', 'publish'],
  [['traceExamples'], 'unnamed', 'withoutService'],
]

/** Reads a stored document. Renames the keys of one that an earlier version stored. */
export function parseDocument(text: string): GraphDocument {
  const document: unknown = JSON.parse(text)
  for (const [path, before, now] of renamedKeys) {
    const holder = path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), document)
    if (!isObject(holder) || !Object.hasOwn(holder, before)) continue
    holder[now] = holder[before]
    delete holder[before]
  }
  return document as GraphDocument
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
