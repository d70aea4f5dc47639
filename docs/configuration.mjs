/**
 * Writes the pages that are generated from the schema of the configuration: docs/configuration.md and
 * config_example.yml.
 */
import { writeFileSync } from 'node:fs'
import { configExample, configurationPage } from '../dist/config/reference.js'

writeFileSync('docs/configuration.md', configurationPage())
writeFileSync('config_example.yml', configExample())
