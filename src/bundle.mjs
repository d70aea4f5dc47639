/**
 * Bundles what is started, and the packages it uses, over what the compiler has made of it in `dist`: to find and load
 * some 900 files takes three times as long as to load the few that come of them.
 */
import { readFile, rm } from 'node:fs/promises'
import { Ajv } from 'ajv'
import { default as standaloneCode } from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'
import { ajvOptions } from '../dist/config/file/check.js'
import { ConfigFile } from '../dist/config/sections/schema.js'

/** The configuration is checked by code that is made here, not by each process at its start. */
const compiledCheck = {
  name: 'compiled check of the configuration',
  setup({ onLoad }) {
    onLoad({ filter: /config\/file\/check\.ts$/ }, () => {
      const ajv = new Ajv({ ...ajvOptions, code: { source: true, esm: true } })
      ajv.addSchema(ConfigFile, 'check')
      return {
        loader: 'js',
        contents: standaloneCode.default(ajv, { check: 'check' }),
        resolveDir: process.cwd(),
      }
    })
  },
}

/** The package reads its files from where it stands, which in a bundle is elsewhere. */
const ownFiles = {
  name: 'files of @fastify/swagger-ui',
  setup({ onLoad }) {
    onLoad({ filter: /swagger-ui\/(index|lib\/routes)\.js$/ }, async ({ path }) => {
      const [, file] = path.split('node_modules/')
      const folder = `path.dirname(require.resolve(${JSON.stringify(file)}))`
      return { contents: (await readFile(path, 'utf8')).replaceAll('__dirname', folder) }
    })
  },
}

// The names of chunks change with what is in them, and what the engine has made of earlier ones is of no use.
for (const made of ['chunks', 'compile-cache']) await rm(`dist/${made}`, { recursive: true, force: true })
await build({
  entryPoints: ['src/main.ts', 'src/sinks/history/thread.ts', 'src/export/drawing-thread.ts'],
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Names stay what they are: they stand in stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  // Loaded by few: a library of the machine's own kind, and one of a megabyte that only draws.
  external: ['libsql', '@viz-js/viz'],
  plugins: [compiledCheck, ownFiles],
  // For packages that are CommonJS and require what is built in.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
