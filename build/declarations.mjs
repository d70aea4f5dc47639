/** Writes the declarations of the public entries to `dist/types`: `node build/declarations.mjs`, after a build. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { publicEntries } from './public-entries.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const folder = `${root}dist/types`
const graphEntry = root + publicEntries.graph

const { options } = ts.parseJsonConfigFileContent(
  { extends: './tsconfig.json', files: [graphEntry] },
  ts.sys,
  root,
  // `npm run typecheck` checks the types. The kernel uses no package, so no other types are needed.
  {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    noCheck: true,
    types: [],
    rootDir: `${root}src`,
    outDir: folder,
  },
)
const declarations = new Map()
const save = (path, text) => declarations.set(resolve(path), text)
ts.createProgram([graphEntry], options).emit(undefined, save, undefined, true)
// The program would need half of `node_modules` for this file, whose exports have their types written out.
const index = ts.sys.readFile(root + publicEntries.index)
save(`${folder}/index.d.ts`, ts.transpileDeclaration(index, { compilerOptions: options }).outputText)

rmSync(folder, { recursive: true, force: true })
for (const source of Object.values(publicEntries))
  write(declarationOf(`${folder}/${source.replace(/^src\//, '')}`))

/** Writes a declaration and all that it imports, once. */
function write(path) {
  const text = declarations.get(path)
  if (text === undefined) return
  declarations.delete(path)
  const { importedFiles } = ts.preProcessFile(text)
  const outside = importedFiles.map(({ fileName }) => fileName).filter((name) => !name.startsWith('.'))
  if (outside.length > 0) throw new Error(`${path} needs the types of ${outside}`)
  mkdirSync(dirname(path), { recursive: true })
  // Declarations keep the extension .ts, which not every consumer's compiler accepts.
  writeFileSync(path, text.replace(/((?:from|import\() ?['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
  for (const { fileName } of importedFiles) write(declarationOf(resolve(dirname(path), fileName)))
}

function declarationOf(path) {
  return resolve(path.replace(/\.ts$/, '.d.ts'))
}
