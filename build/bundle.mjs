/**
 * Bundles the programs, together with the packages that they use, over their files in `dist`. A start that loads a few
 * files takes a third of the time of one that finds and loads some 900.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Ajv } from 'ajv'
import { default as standaloneCode } from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))

/** @param {string} folder holds every file of `src`, compiled */
export async function bundle(folder) {
  await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts', 'src/sinks/history/thread.ts', 'src/export/drawing-thread.ts'],
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
}

/** Compiles the check of the configuration now, instead of in every process at its start. */
async function compiledCheck(folder) {
  const compiled = (path) => import(pathToFileURL(`${folder}/${path}`).href)
  const { ajvOptions } = await compiled('config/file/check.js')
  const { ConfigFile } = await compiled('config/sections/schema.js')
  return {
    name: 'compiled check of the configuration',
    setup({ onLoad }) {
      onLoad({ filter: /config\/file\/check\.ts$/ }, () => {
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

/** @fastify/swagger-ui reads its files relative to its own code, which the bundle moves. */
const swaggerFiles = {
  name: 'files of @fastify/swagger-ui',
  setup({ onLoad }) {
    onLoad({ filter: /swagger-ui\/(index|lib\/routes)\.js$/ }, async ({ path }) => {
      const [, file] = path.split('node_modules/')
      const folder = `path.dirname(require.resolve(${JSON.stringify(file)}))`
      return { contents: (await readFile(path, 'utf8')).replaceAll('__dirname', folder) }
    })
  },
}
