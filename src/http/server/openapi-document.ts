import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { version } from '../../base/package.ts'
import { securitySchemes } from '../access/token-check.ts'
import { registerPublicPages } from '../reply/security-headers.ts'
import { components } from '../schema/components.ts'
import { problems } from '../schema/responses.ts'

/** Properties of a request body that a schema cannot express. A route sets them in its `config`. */
interface RequestBody {
  required: boolean
  examples: Record<string, { summary: string; value: unknown }>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    requestBody?: RequestBody
  }
}

type PathItem = Record<
  string,
  { requestBody?: { required?: boolean; content: Record<string, { examples?: unknown }> } }
>

/** Serves the OpenAPI document of all routes that are registered afterwards: at /openapi.json, and as pages at /docs. */
export async function serveOpenapiDocument(app: FastifyInstance): Promise<void> {
  const bodies: { path: string; method: string; requestBody: RequestBody }[] = []
  app.addHook('onRoute', (route) => {
    const { url, method, config, schema } = route
    // Every route can answer 431, because the head is too long before the route is known.
    if (schema && !schema.hide) {
      route.schema = { ...schema, response: { ...problems(431), ...(schema.response as object) } }
    }
    if (!config?.requestBody) return
    bodies.push({ path: url, method: String(method).toLowerCase(), requestBody: config.requestBody })
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'tta',
        summary: 'Tempo trace aggregation',
        description:
          'Reads all traces of a time window from Grafana Tempo and aggregates them into a node graph.',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This service' }],
      security: [],
      components: { securitySchemes },
      tags: [
        { name: 'aggregation', description: 'Build graphs' },
        { name: 'jobs', description: 'Queued, running and finished builds, and schedules' },
        { name: 'graphs', description: 'Graphs, their history, comparisons and reports' },
        { name: 'grafana', description: "Endpoints for Grafana's Node Graph API plugin" },
        { name: 'traces', description: 'Receive traces if no Tempo is configured' },
        { name: 'operations', description: 'Health, metrics and configuration' },
      ],
    },
    transformObject: (source) => {
      const { openapiObject } = source as { openapiObject: { paths?: Record<string, PathItem> } }
      for (const { path, method, requestBody } of bodies) {
        const documented = openapiObject.paths?.[path]?.[method]?.requestBody
        if (!documented) continue
        documented.required = requestBody.required
        for (const media of Object.values(documented.content)) media.examples = requestBody.examples
      }
      return openapiObject
    },
    refResolver: {
      buildLocalReference: (schema, _baseUri, _fragment, index) =>
        typeof schema.$id === 'string' ? schema.$id : `def-${index}`,
    },
  })
  await registerPublicPages(app, async (pages) => {
    await pages.register(swaggerUi, { routePrefix: '/docs' })
  })
  for (const component of components) app.addSchema(component)
  app.get('/openapi.json', { schema: { hide: true }, config: { scope: 'none' } }, () => app.swagger())
}

/** Returns the OpenAPI document as text. The same routes give the same text. */
export async function openapiText(app: FastifyInstance): Promise<string> {
  await app.ready()
  const document = app.swagger() as { paths?: object; components?: { schemas?: object } }
  const sorted = {
    ...document,
    components: { ...document.components, schemas: byKey(document.components?.schemas) },
    paths: byKey(document.paths),
  }
  return `${JSON.stringify(sorted, null, 2)}\n`
}

function byKey(map: object = {}): object {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}
