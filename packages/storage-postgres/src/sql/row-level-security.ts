const ofTenant = `
  (SELECT h.id FROM channels AS h WHERE h.tenant = current_setting('wa_agent.tenant', true))`

const byChannel = ['conversations', 'states', 'aliases', 'inbox', 'outbox', 'provider_ids', 'dead_letters', 'records']
const byTenant = ['channels', 'usage', 'archive']

/** A policy for each table: only rows of the tenant in the setting `wa_agent.tenant`; without it none. */
export const rowLevelSecurity = [
  ...byChannel.map((table) => policy(table, `channel IN ${ofTenant}`)),
  ...byTenant.map((table) => policy(table, `tenant = current_setting('wa_agent.tenant', true)`)),
].join('\n')

function policy(table: string, condition: string): string {
  return `
  ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
  DROP POLICY IF EXISTS one_tenant ON ${table};
  CREATE POLICY one_tenant ON ${table} USING (${condition}) WITH CHECK (${condition});`
}
