import { writeFileSync } from 'node:fs'
import { buildApp } from './app.ts'
import { defaultConfig } from './config/file/load.ts'
import { openapiText } from './http/server/openapi-document.ts'

// node dist/openapi.js FILE: writes the OpenAPI document of a tta with the embedded source, which has every route.
const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node dist/openapi.js FILE')
const { app, close } = await buildApp(defaultConfig())
writeFileSync(file, await openapiText(app))
await close()
