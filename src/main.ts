#!/usr/bin/env node
import module from 'node:module'
import { fileURLToPath } from 'node:url'

/** Available in Node 22.8 and later. */
type CompileCache = { enableCompileCache?(directory: string): unknown }

// Keeps the compiled code for the next start. The cache is next to the code, so that only users who could change the code
// can change the cache. Without write access there is no cache.
;(module as CompileCache).enableCompileCache?.(fileURLToPath(new URL('compile-cache/', import.meta.url)))
await import('./process.ts')
