#!/usr/bin/env node
import module from 'node:module'
import { fileURLToPath } from 'node:url'

/** From Node 22.8 on. */
type CompileCache = { enableCompileCache?(directory: string): unknown }

// What the engine makes of the code is kept for the next start. Beside the code, where only those may write who could
// as well change the code; where nobody may, nothing is kept.
;(module as CompileCache).enableCompileCache?.(fileURLToPath(new URL('compile-cache/', import.meta.url)))
await import('./process.ts')
