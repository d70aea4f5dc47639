/** The attribute that every service has, and the title of its node. */
export const serviceNameAttribute = 'service.name'

/** The resource attributes that identify a service in OpenTelemetry. */
export const defaultIdentity: readonly string[] = ['service.namespace', serviceNameAttribute]

/** Names that attributes had in earlier semantic conventions. A resource without the new name is read by the old one. */
export const earlierNames: Readonly<Record<string, string>> = {
  'deployment.environment.name': 'deployment.environment',
}

/** Returns the attributes that follow the title in the name of a service, in order. */
export const partAttributes = (identity: readonly string[]): string[] =>
  identity.filter((key) => key !== serviceNameAttribute)
