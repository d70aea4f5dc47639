import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { Type } from 'typebox'
import { badRequest, TtaError } from '../../base/errors.ts'
import type { CsvTable } from '../../export/csv.ts'
import { type Format, formats, mediaTypes } from '../../export/formats.ts'

/** Parameters that select the format of a graph. */
export const formatProperties = {
  format: Type.Optional(
    Type.Union(
      formats.map((format) => Type.Literal(format)),
      {
        description:
          'Format of the response. Default: the format that the Accept header prefers, otherwise JSON',
      },
    ),
  ),
  part: Type.Optional(
    Type.Union([Type.Literal('nodes'), Type.Literal('edges')], {
      description: 'Table of the graph in the format csv. Default: edges',
    }),
  ),
}

/** The format of a response and the media type of that format which the client prefers (RFC 9110, 12.5.1). */
interface ChosenFormat {
  format: Format
  mediaType: string
}

/**
 * Returns the format for a request.
 *
 * @throws {TtaError} 400 if `part` is combined with a format other than csv; 406 if no format matches Accept
 */
export function chooseFormat(
  request: FastifyRequest,
  { format, part }: { format?: Format; part?: CsvTable },
): ChosenFormat {
  const chosen =
    format === undefined ? negotiateFormat(request) : { format, mediaType: mediaTypes[format][0] }
  if (part === undefined || chosen.format === 'csv') return chosen
  throw badRequest([
    { field: 'part', value: part, message: 'must be combined with format=csv: no other format has parts' },
  ])
}

const offers = formats.flatMap((format) => mediaTypes[format].map((mediaType) => ({ format, mediaType })))

const json = { format: 'json', mediaType: mediaTypes.json[0] } as const
/** The Accept headers that most programs send. They need no negotiation. */
const plainlyJson = new Set([undefined, '', '*/*', json.mediaType])

function negotiateFormat({ headers }: FastifyRequest): ChosenFormat {
  if (plainlyJson.has(headers.accept)) return json
  const [best] = new Negotiator({ headers }).mediaTypes(offers.map(({ mediaType }) => mediaType))
  const chosen = offers.find(({ mediaType }) => mediaType === best)
  if (chosen) return chosen
  const available = offers.map(({ mediaType }) => mediaType)
  const message = `Accept must match one of ${available.join(', ')}; the parameter format can be ${formats.join(', ')}`
  throw new TtaError('TTA_NOT_ACCEPTABLE', message, { details: { available } })
}
