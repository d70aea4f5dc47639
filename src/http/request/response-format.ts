import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { Type } from 'typebox'
import { badRequest, TtaError } from '../../base/errors.ts'
import type { CsvTable } from '../../export/csv.ts'
import { type Format, formats, mediaTypes } from '../../export/formats.ts'

/** In which form a graph is wanted. */
export const formatProperties = {
  format: Type.Optional(
    Type.Union(
      formats.map((format) => Type.Literal(format)),
      { description: 'The form; without it the header Accept decides, and where that takes any, it is JSON' },
    ),
  ),
  part: Type.Optional(
    Type.Union([Type.Literal('nodes'), Type.Literal('edges')], {
      description: 'Which table of the graph `csv` gives; edges by default',
    }),
  ),
}

/** A media type of `wanted`, the one that is best by Accept (RFC 9110, 12.5.1). */
interface ChosenFormat {
  format: Format
  mediaType: string
}

/** The form that a request asks for. @throws {TtaError} 400 a part of what has none; 406 there is no such form */
export function chooseFormat(
  request: FastifyRequest,
  { format, part }: { format?: Format; part?: CsvTable },
): ChosenFormat {
  const chosen =
    format === undefined ? negotiateFormat(request) : { format, mediaType: mediaTypes[format][0] }
  if (part === undefined || chosen.format === 'csv') return chosen
  throw badRequest([
    { field: 'part', value: part, message: 'must stand beside format=csv: no other has parts' },
  ])
}

const offers = formats.flatMap((format) => mediaTypes[format].map((mediaType) => ({ format, mediaType })))

const json = { format: 'json', mediaType: mediaTypes.json[0] } as const
/** What nearly every program sends: it needs no weighing. */
const plainlyJson = new Set([undefined, '', '*/*', json.mediaType])

function negotiateFormat({ headers }: FastifyRequest): ChosenFormat {
  if (plainlyJson.has(headers.accept)) return json
  const [best] = new Negotiator({ headers }).mediaTypes(offers.map(({ mediaType }) => mediaType))
  const chosen = offers.find(({ mediaType }) => mediaType === best)
  if (chosen) return chosen
  const available = offers.map(({ mediaType }) => mediaType)
  const message = `Accept must let one of these through: ${available.join(', ')}; or ?format=${formats.join('|')}`
  throw new TtaError('TTA_NOT_ACCEPTABLE', message, { details: { available } })
}
