/** What is needed to be taken for a provider. Ids are those of the fixtures. */
export const credentials = {
  appSecret: '5f1d3a9e7c2b4860a1f3e5d7c9b8a604',
  verifyToken: 'a-word-of-our-choice-83',
  accessToken: 'EAAJ-access-token',
  phoneNumberId: '106540352242922',
  maytapiProduct: '0f0e0d0c-1111-4222-8333-444455556666',
  maytapiPhone: '1150',
  maytapiKey: 'maytapi-api-key-1f',
  maytapiSecret: '9b8e7d6c5b4a39281706f5e4d3c2b1a0',
  aisensyProject: '655b1f0c9d3e4a0012ab34cd',
  aisensyPassword: 'aisensy-password-77',
  aisensySecret: '0c1d2e3f4a5b6c7d8e9fa0b1c2d3e4f5',
  spokiKey: 'spoki-api-key-5c',
  spokiSecret: 'e1d2c3b4a5968778695a4b3c2d1e0f1a',
  adminKey: 'Zk3v9QmT7xLw2RbN8cHd5JpF',
} as const

/** None of these may be in a log line. */
export const secrets: readonly string[] = [
  credentials.appSecret,
  credentials.verifyToken,
  credentials.accessToken,
  credentials.maytapiKey,
  credentials.maytapiSecret,
  credentials.aisensyPassword,
  credentials.aisensySecret,
  credentials.spokiKey,
  credentials.spokiSecret,
  credentials.adminKey,
]

/** The environment of a worker with all four transports, whose providers are all at `sinkUrl`. */
export function environmentOf(sinkUrl: string, database: string): Record<string, string> {
  return {
    TRANSPORTS: 'cloud-api,maytapi,aisensy,spoki',
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE: database,
    LOG_LEVEL: 'debug',
    TRUSTED_PROXIES: '1',
    ADMIN_API_KEY: credentials.adminKey,
    META_APP_SECRET: credentials.appSecret,
    META_VERIFY_TOKEN: credentials.verifyToken,
    META_ACCESS_TOKEN: credentials.accessToken,
    META_PHONE_NUMBER_ID: credentials.phoneNumberId,
    META_BASE_URL: `${sinkUrl}/cloud-api`,
    MAYTAPI_PRODUCT_ID: credentials.maytapiProduct,
    MAYTAPI_PHONE_ID: credentials.maytapiPhone,
    MAYTAPI_API_KEY: credentials.maytapiKey,
    MAYTAPI_WEBHOOK_SECRET: credentials.maytapiSecret,
    MAYTAPI_BASE_URL: `${sinkUrl}/maytapi`,
    AISENSY_PROJECT_ID: credentials.aisensyProject,
    AISENSY_PROJECT_PASSWORD: credentials.aisensyPassword,
    AISENSY_WEBHOOK_SECRET: credentials.aisensySecret,
    AISENSY_BASE_URL: `${sinkUrl}/aisensy`,
    SPOKI_API_KEY: credentials.spokiKey,
    SPOKI_WEBHOOK_SECRET: credentials.spokiSecret,
    SPOKI_BASE_URL: `${sinkUrl}/spoki`,
  }
}
