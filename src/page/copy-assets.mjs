// What the page needs besides its scripts goes next to them: dist/page is all that is served.
import { cpSync } from 'node:fs'

cpSync('src/page', 'dist/page', { recursive: true, filter: (path) => !/\.(ts|mjs|json)$/.test(path) })
