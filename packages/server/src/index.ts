// Commonly used: the server, and a channel to try the agents

export { createServer, type RequestInfo, type Server } from './create-server.ts'
export type { Board, RateLimit, ServerLimits, ServerOptions } from './options.ts'
export { type ChatTransport, type ChatTransportOptions, chatTransport } from './chat-transport.ts'

// Desktops: WhatsApp on a PC, the agents here

export {
  type DesktopTransport,
  type DesktopTransportOptions,
  desktopTransport,
} from './desktop-link/desktop-transport.ts'
export type { DesktopMediaOptions, DesktopOptions } from './desktop-link/desktop-options.ts'

// Tenants, their channels, and their agents

export { type SqliteDirectory, type SqliteDirectoryOptions, sqliteDirectory } from './sqlite-directory.ts'
export { type StaticTenantsOptions, staticTenants } from './static-tenants.ts'
export {
  type LoadTransportsOptions,
  loadTransports,
  type TransportFactories,
  type TransportFactory,
} from './load-transports.ts'
export { type PipelineByTenantOptions, pipelineByTenant } from './pipeline-by-tenant.ts'
export type {
  DesktopAgentNote,
  Tenant,
  TenantChannel,
  TenantChannelInput,
  TenantDirectory,
  TenantEditor,
  TenantInput,
} from './tenants.ts'

// API keys

export { type StaticKey, staticKeys } from './static-keys.ts'
export type { ApiKey, ApiKeyEditor, ApiKeys, KeyScope, NewApiKey, Principal } from './api-keys.ts'
export { checkSecret, looksDefault } from './secrets.ts'
