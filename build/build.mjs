/**
 * Builds `dist` if it is missing or out of date: `node build/build.mjs`.
 *
 * esbuild only removes the types, file by file; `npm run typecheck` checks them.
 */
import { cpSync, readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { bringUpToDate } from './up-to-date.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const [nodeMajor] = process.versions.node.split('.')

/** Keeps every import as it is, except that `.ts` becomes `.js`. */
const everyFileOnItsOwn = {
  name: 'every file on its own',
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/^(\..*)\.ts$/, '$1.js'), external: true },
    )
  },
}

async function build(folder) {
  const { build: esbuild } = await import('esbuild')
  const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  await esbuild({
    absWorkingDir: root,
    entryPoints: sources.filter((name) => /(?<!\.d)\.ts$/.test(name)).map((name) => `src/${name}`),
    outbase: 'src',
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2023',
    sourcemap: true,
    // Constants are written where they are used. As variables of a module they would slow down the kernel's hashing.
    minifySyntax: true,
    plugins: [everyFileOnItsOwn],
    logLevel: 'warning',
  })
  // The page is served from dist/page, scripts and everything else.
  cpSync(`${root}src/page`, `${folder}/page`, {
    recursive: true,
    filter: (path) => !/\.(ts|json)$/.test(path),
  })
  const { bundle } = await import('./bundle.mjs')
  await bundle(folder)
}

const built = await bringUpToDate({
  folder: `${root}dist`,
  inputs: [
    'src',
    'build',
    'tsconfig.json',
    'package.json',
    'package-lock.json',
    // Holds the versions that are installed, which may differ from those of the lock file.
    'node_modules/.package-lock.json',
  ].map((name) => root + name),
  tools: `Node ${nodeMajor}, ${process.platform}, ${process.arch}`,
  build,
})
if (built) process.stderr.write(`dist was built in ${(performance.now() / 1000).toFixed(1)} s\n`)
