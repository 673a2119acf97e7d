// Real servers for tests: those that are there, or started from the machine's binaries for the test alone
export { type OwnRedis, type OwnRedisOptions, redisForTests, startRedis, type TestRedis } from './redis.ts'
export { type OwnPubsub, pubsubForTests, startPubsub, type TestPubsub } from './pubsub.ts'
export {
  type OwnPostgres,
  type OwnPostgresOptions,
  postgresForTests,
  startPostgres,
  type TestPostgres,
} from './postgres.ts'
export { type OwnPgBouncer, type OwnPgBouncerOptions, startPgBouncer } from './pgbouncer.ts'
