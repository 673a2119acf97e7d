/**
 * What functions are made with. They find rows by index whatever the planner knows of tables that were empty a moment ago,
 * and bring their own search path, because a pooler may hand each transaction another session.
 */
export const functionSettings = `
  LANGUAGE plpgsql VOLATILE
  SET search_path FROM CURRENT
  SET enable_seqscan = off
  SET enable_hashjoin = off
  SET enable_mergejoin = off
  SET jit = off
  SET plan_cache_mode = force_generic_plan`

/** Somebody else changed who is who at this moment: nothing was done, ask again. */
export const tryAgain = `RAISE EXCEPTION 'the conversations changed meanwhile' USING ERRCODE = 'WA001'`

/** Locks the conversations whose numbers are in the array, in order; joined ones are gone, so what was looked up is old. */
export const lockAll = (ids: string) => `
  IF (SELECT count(*) FROM (
        SELECT FROM conversations WHERE id = ANY (${ids}) ORDER BY id FOR NO KEY UPDATE) AS locked)
     <> (SELECT count(DISTINCT id) FROM unnest(${ids}) AS id WHERE id IS NOT NULL) THEN
    ${tryAgain};
  END IF;`

/** When the pending messages of a row of conversations want a turn. */
export const inboundDue = (c: string) =>
  `CASE WHEN ${c}.in_from IS NOT NULL THEN greatest(${c}.rest_until, least(${c}.settle_at, ${c}.due_by)) END`

/** When the first undelivered reply of a row of conversations wants to go out. */
export const outboundDue = (c: string) => `
  (SELECT CASE o.status WHEN 1 THEN 0 ELSE o.not_before END FROM outbox AS o
   WHERE o.conversation = ${c}.id AND o.seq >= ${c}.out_from AND o.status < 2 ORDER BY o.seq LIMIT 1)`

/** What waits in a conversation `c`, looked up in the mail itself: `i` in the inbox, `o` in the outbox. */
export const lookedUp = `
  LEFT JOIN LATERAL (
    SELECT min(m.seq) AS first, max(m.settle_at) AS settle_at, min(m.due_by) AS due_by
    FROM inbox AS m WHERE m.conversation = c.id AND m.seq >= c.in_from AND m.status = 0) AS i ON true
  LEFT JOIN LATERAL (
    SELECT r.seq AS first, CASE r.status WHEN 1 THEN 0 ELSE r.not_before END AS due
    FROM outbox AS r WHERE r.conversation = c.id AND r.seq >= c.out_from AND r.status < 2
    ORDER BY r.seq LIMIT 1) AS o ON true`

/** When the messages that were looked up want a turn. */
export const lookedUpInbound =
  'CASE WHEN i.first IS NOT NULL THEN greatest(c.rest_until, least(i.settle_at, i.due_by)) END'
