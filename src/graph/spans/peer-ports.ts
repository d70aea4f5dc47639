/** Ports that say nothing about a peer of the system, because its clients use them by default. */
const defaultPorts: Record<string, readonly string[]> = {
  activemq: ['61616'],
  'aws.dynamodb': ['443', '8000'],
  cassandra: ['9042'],
  clickhouse: ['8123', '9000'],
  cockroachdb: ['26257'],
  couchbase: ['11210'],
  couchdb: ['5984'],
  elasticsearch: ['9200', '9300'],
  'ibm.db2': ['50000'],
  influxdb: ['8086'],
  kafka: ['9092'],
  mariadb: ['3306'],
  memcached: ['11211'],
  'microsoft.sql_server': ['1433'],
  mongodb: ['27017'],
  mqtt: ['1883', '8883'],
  mysql: ['3306'],
  nats: ['4222'],
  neo4j: ['7687'],
  opensearch: ['9200'],
  'oracle.db': ['1521'],
  postgresql: ['5432'],
  pulsar: ['6650'],
  rabbitmq: ['5671', '5672'],
  redis: ['6379'],
  rocketmq: ['9876', '10911'],
  valkey: ['6379'],
}
/** Those of `http` and `https`, which most clients of other peers speak. */
const webPorts: readonly string[] = ['80', '443']

/**
 * Values of `db.system` and of earlier versions of `db.system.name`, and the names of today (semantic-conventions
 * docs/registry/attributes/db.md).
 */
const renamedSystems: Record<string, string> = {
  adabas: 'softwareag.adabas',
  cosmosdb: 'azure.cosmosdb',
  db2: 'ibm.db2',
  dynamodb: 'aws.dynamodb',
  firebird: 'firebirdsql',
  h2: 'h2database',
  hanadb: 'sap.hana',
  informix: 'ibm.informix',
  intersystems_cache: 'intersystems.cache',
  maxdb: 'sap.maxdb',
  mssql: 'microsoft.sql_server',
  netezza: 'ibm.netezza',
  oracle: 'oracle.db',
  redshift: 'aws.redshift',
  spanner: 'gcp.spanner',
}

/** Returns the name of a database system in today's conventions. */
export const systemOf = (name: string): string => renamedSystems[name] ?? name

/** Returns whether a port is the default of the system; of the web if the system is ''. */
export function isDefaultPort(system: string, port: string): boolean {
  return (defaultPorts[systemOf(system)] ?? (system === '' ? webPorts : [])).includes(port)
}

/** Returns whether an address is a numeric one (RFC 4291 or dotted decimal), and not a name. */
export function isIp(address: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address) || /^\[?[0-9a-fA-F:.]*:[0-9a-fA-F:.%\w]*\]?$/.test(address)
}

/** Returns whether a host is the one that the caller runs on. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    /^127(?:\.\d{1,3}){3}$/.test(host) ||
    loopbacks.has(host)
  )
}

const loopbacks = new Set([
  '::1',
  '0:0:0:0:0:0:0:1',
  '0.0.0.0',
  '::',
  'localhost.localdomain',
  'ip6-localhost',
])
