import t from 'tap'
import { ProtobufError } from '../../src/protobuf/protobuf-reader.ts'
import { ProtobufWriter } from '../../src/protobuf/protobuf-writer.ts'
import { answerParts } from '../../src/tempo/answer-parts.ts'
import { graphOf, readWindow } from './reading.ts'
import { fragmentOf } from './stored-trace.ts'
import { startTempo } from './tempo-stand-in.ts'

function answerOf(fieldBytes: number[]): Uint8Array {
  const writer = new ProtobufWriter()
  for (const bytes of fieldBytes) writer.bytes(1, new Uint8Array(bytes).fill(7))
  writer.message(2, () => writer.varint(4, 3))
  return writer.finish()
}

t.test('an answer is cut between its fields, and its parts put together are the answer', async (t) => {
  const fields = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 1000)
  const answer = answerOf(fields)
  const parts = [...answerParts(answer)]
  t.ok(parts.length > 5, `${parts.length} parts`)
  t.ok(Buffer.concat(parts).equals(answer))
  for (const part of parts) t.equal([...answerParts(part)].length, 1)
})

t.test('a field larger than a part is one, and an empty answer has none', async (t) => {
  t.equal([...answerParts(answerOf([1_000_000]))].length, 2)
  t.same([...answerParts(new Uint8Array(0))], [])
})

t.test('an answer that is cut short is refused', async (t) => {
  const answer = answerOf([10, 500_000])
  t.throws(() => [...answerParts(answer.subarray(0, 400_000))], ProtobufError)
})

t.test('while large answers are taken the event loop has its turns, and the graph is the same', async (t) => {
  const epochMs = 1_700_000_000_000
  const traces = Array.from({ length: 4000 }, (_, i) =>
    fragmentOf(i + 1, epochMs, [
      { id: 1, name: `GET /${i % 10}`, service: 'front', atMs: i * 2, ms: 20 },
      { id: 2, parent: 1, name: 'query', service: 'back', atMs: i * 2 + 5, ms: 10 },
    ]),
  )
  const tempo = await startTempo({ fragments: traces, metrics: false })
  t.teardown(() => tempo.close())
  let passes = 0
  let isOver = false
  const pass = () => {
    passes++
    if (!isOver) setImmediate(pass)
  }
  const seen: number[] = []
  const read = readWindow({
    url: tempo.url,
    window: { fromMs: epochMs, toMs: epochMs + 60_000 },
    onAdd: () => {
      if (seen.at(-1) !== passes) seen.push(passes)
    },
  })
  pass()
  const { report, graph } = await read
  isOver = true
  t.equal(report.spans, 8000)
  t.same(graph, graphOf(traces))
  t.ok(seen.length > report.slices, `${seen.length} turns for ${report.slices} slices`)
})
