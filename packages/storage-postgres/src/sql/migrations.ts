import { appendFunction } from './append.ts'
import { leaseFunctions } from './claim.ts'
import { commitFunctions } from './commit.ts'
import { tables } from './tables.ts'

/** Forward only: what has been released is never edited, only added to. */
export const migrations: readonly string[] = [tables + leaseFunctions + commitFunctions + appendFunction]
