/**
 * Bundles the tests into `.test-build`. A bundled test loads a few files in place of some hundred to transpile.
 * `import.meta.url` keeps its value in the sources.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))
const outdir = `${root}.test-build`
const { dependencies, devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

const ownUrls = {
  name: 'own URLs',
  setup({ onLoad }) {
    onLoad({ filter: /\/(src|test)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return {
        loader: 'ts',
        contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      }
    })
  },
}

rmSync(outdir, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: readdirSync(`${root}test`, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`),
  outbase: 'test',
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // Seven hundred files of its own.
  external: Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name !== 'typebox'),
  plugins: [ownUrls],
  logLevel: 'warning',
})
