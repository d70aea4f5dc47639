/**
 * Bundles the programs, together with the packages that they use, over their files in `dist`. A start that loads a few
 * files takes a third of the time of one that finds and loads some 900.
 */
import { cpSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Ajv } from 'ajv'
import { default as standaloneCode } from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'
import { publicEntries } from './public-entries.mjs'
import { writeNotices } from './third-party.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const swaggerUi = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static')

/** @param {string} folder holds every file of `src`, compiled */
export async function bundle(folder) {
  const programs = ['main', 'sinks/history/history-worker', 'export/drawing-thread']
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      ...Object.fromEntries(programs.map((name) => [name, `src/${name}.ts`])),
      ...Object.fromEntries(Object.entries(publicEntries).map(([name, path]) => [`exports/${name}`, path])),
    },
    metafile: true,
    outbase: 'src',
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Identifiers keep their names because stack traces show them.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    // libsql has a binary for each platform. Few people draw SVG, and its package holds a megabyte.
    external: ['libsql', '@viz-js/viz'],
    plugins: [await compiledCheck(folder), swaggerFiles],
    // Packages in CommonJS format call `require` for the modules of Node.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  cpSync(swaggerUi, `${folder}/swagger-ui`, {
    recursive: true,
    // The same code as in swagger-ui-bundle.js, for pages that load React otherwise.
    filter: (path) => !path.endsWith('/swagger-ui.js'),
  })
  writeNotices(metafile, root, `${folder}/THIRD_PARTY_NOTICES.txt`)
}

/** Compiles the check of the configuration now, instead of in every process at its start. */
async function compiledCheck(folder) {
  const compiled = (path) => import(pathToFileURL(`${folder}/${path}`).href)
  const { ajvOptions } = await compiled('config/file/schema-check.js')
  const { ConfigFile } = await compiled('config/sections/config-file.js')
  return {
    name: 'compiled check of the configuration',
    setup({ onLoad }) {
      onLoad({ filter: /config\/file\/schema-check\.ts$/ }, () => {
        const ajv = new Ajv({ ...ajvOptions, code: { source: true, esm: true } })
        ajv.addSchema(ConfigFile, 'check')
        return {
          loader: 'js',
          contents: standaloneCode.default(ajv, { check: 'check' }),
          resolveDir: root,
        }
      })
    },
  }
}

/** The files of @fastify/swagger-ui move to `dist/swagger-ui`: its package is not installed where tta is. */
const swaggerFiles = {
  name: 'files of @fastify/swagger-ui',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /swagger-ui\/(index|lib\/routes)\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const moved = text.replace(
        /path\.join\(__dirname, (?:'\.\.', )?'(?:\.\/)?static/,
        "path.join(require('swagger-ui folder').path, '",
      )
      if (moved.includes('__dirname')) throw new Error(`${path} reads files in a new way`)
      return { contents: moved }
    })
    onResolve({ filter: /^swagger-ui folder$/ }, ({ path }) => ({ path, namespace: 'folder' }))
    onLoad({ filter: /.*/, namespace: 'folder' }, () => ({
      contents: `
        import { fileURLToPath } from 'node:url'
        import { builtFile } from './src/base/package.ts'
        export const path = fileURLToPath(builtFile('swagger-ui/'))`,
      resolveDir: root,
    }))
  },
}
