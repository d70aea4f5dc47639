import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createDrawing, type Draw } from '../../export/drawing.ts'
import { defaultMaxNodes, exportGraph, mediaTypes } from '../../export/formats.ts'
import { checkShownPart, selectShownPart } from '../../export/shown-part.ts'
import { GraphDocument } from '../../model/graph-document.ts'
import { representText, sendRepresentation } from '../reply/representation.ts'
import { sizedView } from '../reply/sized-view.ts'
import { FormQuery, NamePath, readQuery } from '../request/build-query.ts'
import { clientGone } from '../request/client-gone.ts'
import { type GraphFinderParts, graphFinder } from '../request/find-graph.ts'
import { chosenForm } from '../request/format-query.ts'
import { problems, taggedAnswer, textContent } from '../schema/responses.ts'

export interface GraphOptions extends GraphFinderParts {
  draw?: Draw
}

/** An SVG that is opened by itself is a page: it gets styles, and nothing else. */
const svgPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

const { json: _json, ...texts } = mediaTypes
const json = sizedView(({ traceExamples: _examples, ...document }: GraphDocument) => document)

/** GET /graphs/:name: a graph in the form and at the size that are wanted. */
export const graph: FastifyPluginAsyncTypebox<GraphOptions> = async (
  app,
  { draw = createDrawing(), ...parts },
) => {
  const findGraph = graphFinder(parts)
  app.get(
    '/graphs/:name',
    {
      preValidation: readQuery,
      schema: {
        operationId: 'getGraph',
        summary: 'The last graph with its summary; with parameters, one that is built for this answer only',
        tags: ['graphs'],
        params: NamePath,
        querystring: FormQuery,
        response: {
          ...taggedAnswer(
            'The graph',
            GraphDocument,
            textContent(Object.values(texts).map(([first]) => first)),
          ),
          ...problems(400, 404, 406, 429, 502, 503, 504),
        },
      },
    },
    async (request, reply) => {
      const { query, params } = request
      reply.header('vary', 'accept')
      const { format, mediaType } = chosenForm(request, query)
      checkShownPart(query)
      const document = await findGraph(params.name, query, reply)
      if (format === 'json') return sendRepresentation(reply, json(document, query))
      const { focus, hops, maxNodes = defaultMaxNodes(format) } = query
      const sized = selectShownPart(document, { focus, hops, maxNodes })
      const text = await exportGraph(sized, format, { draw, table: query.part, signal: clientGone(reply) })
      if (format === 'svg') reply.header('content-security-policy', svgPolicy)
      reply.header('x-content-type-options', 'nosniff')
      return sendRepresentation(reply, representText(text, `${mediaType}; charset=utf-8`))
    },
  )
}
