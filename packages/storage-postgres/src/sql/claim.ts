import { functionSettings, lockAll, lookedUp, lookedUpInbound } from './fragments.ts'

/**
 * Recounts what waits in conversations that the caller has locked, lifts what kept a joined one from everybody, and tells when
 * they are due.
 */
const refreshFunction = `
CREATE FUNCTION refresh_conversations(p_ids bigint[], p_released bigint[])
RETURNS TABLE (id bigint, due double precision, turn double precision)
${functionSettings}
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH given_back AS MATERIALIZED (
    SELECT c.id, i.first AS in_from, i.settle_at, i.due_by, o.first AS out_from, ${lookedUpInbound} AS inbound,
      o.due AS outbound,
      c.lease_until > 0 AND NOT (
        c.id = ANY (p_released) OR (c.lease_owner = '' AND NOT EXISTS (
          SELECT FROM outbox AS s WHERE s.conversation = c.id AND s.seq >= c.out_from AND s.status = 1))) AS is_leased
    FROM unnest(p_ids) AS m (id)
    JOIN conversations AS c ON c.id = m.id
    ${lookedUp}
  )
  UPDATE conversations AS c SET
    in_from = g.in_from, settle_at = g.settle_at, due_by = g.due_by, out_from = g.out_from,
    lease_until = CASE WHEN g.is_leased THEN c.lease_until ELSE 0 END,
    lease_owner = CASE WHEN g.is_leased THEN c.lease_owner END,
    due_at = CASE WHEN g.is_leased THEN coalesce(c.due_at, 0) ELSE least(g.inbound, g.outbound) END
  FROM given_back AS g WHERE c.id = g.id
  RETURNING c.id, least(g.inbound, g.outbound), CASE WHEN g.outbound IS NOT NULL THEN g.inbound END;
END $$;
`

/** Gives leases back and tells when the conversations are due again. */
const releaseFunction = `
CREATE FUNCTION release_leases(p_channel integer[], p_chat text[], p_token bigint[])
RETURNS TABLE (n integer, due double precision, turn double precision)
${functionSettings}
AS $$
#variable_conflict use_column
DECLARE
  v_ids bigint[];
BEGIN
  SELECT array_agg(a.conversation ORDER BY m.n) INTO v_ids
  FROM unnest(p_channel, p_chat) WITH ORDINALITY AS m (channel, chat, n)
  LEFT JOIN aliases AS a ON a.channel = m.channel AND a.id = m.chat;
  ${lockAll('v_ids')}
  RETURN QUERY
  SELECT array_position(v_ids, r.id), r.due, r.turn
  FROM refresh_conversations(
    (SELECT array_agg(DISTINCT v.id) FROM unnest(v_ids) AS v (id)),
    (SELECT coalesce(array_agg(c.id), '{}') FROM unnest(v_ids, p_token) AS v (id, token)
      JOIN conversations AS c ON c.id = v.id AND c.lease_token = v.token)) AS r;
  -- Leases of what became one conversation meanwhile.
  RETURN QUERY
  SELECT m.n::integer, least(${lookedUpInbound}, o.due), CASE WHEN o.due IS NOT NULL THEN ${lookedUpInbound} END
  FROM unnest(v_ids) WITH ORDINALITY AS m (id, n)
  JOIN conversations AS c ON c.id = m.id
  ${lookedUp}
  WHERE array_position(v_ids, m.id) <> m.n;
END $$;
`

/** Prolongs leases. Tells which are still held. */
const renewFunction = `
CREATE FUNCTION renew_leases(
  p_channel integer[], p_chat text[], p_token bigint[], p_now double precision[], p_until double precision[]
) RETURNS TABLE (n integer)
${functionSettings}
AS $$
#variable_conflict use_column
DECLARE
  v_ids bigint[];
BEGIN
  SELECT array_agg(a.conversation ORDER BY m.n) INTO v_ids
  FROM unnest(p_channel, p_chat) WITH ORDINALITY AS m (channel, chat, n)
  LEFT JOIN aliases AS a ON a.channel = m.channel AND a.id = m.chat;
  ${lockAll('v_ids')}
  RETURN QUERY
  UPDATE conversations AS c SET lease_until = m.until
  FROM unnest(v_ids, p_token, p_now, p_until) WITH ORDINALITY AS m (id, token, now, until, n)
  WHERE c.id = m.id AND c.lease_token = m.token AND c.lease_until > m.now
  RETURNING m.n::integer;
END $$;
`

/** Takes back the leases of a claim whose answer was never heard. */
const forsakeFunction = `
CREATE FUNCTION forsake_leases(p_owner text) RETURNS void
${functionSettings}
AS $$
DECLARE
  v_ids bigint[];
BEGIN
  SELECT array_agg(f.id) INTO v_ids FROM (
    SELECT c.id FROM conversations AS c WHERE c.due_at IS NOT NULL AND c.lease_owner = p_owner
    ORDER BY c.id FOR NO KEY UPDATE) AS f;
  PERFORM refresh_conversations(v_ids, v_ids);
END $$;
`

/**
 * Leases conversations that have something due: those named, or the most overdue of the channels that are served. Of each
 * channel only the first few are looked at, so that hundreds of them with long queues cost little; where somebody else has
 * locked those, more. Rows by \`kind\`: 0 a conversation, 1 a message, 2 a reply, 3 a message and 4 a reply of the past, 5 what a
 * tenant has used.
 */
const claimFunction = `
CREATE FUNCTION claim_conversations(
  p_owner text, p_now double precision[], p_lease double precision, p_limit integer,
  p_channel integer[], p_chat text[], p_served integer[], p_except_channel integer[], p_except_chat text[],
  p_max integer, p_history integer, p_day text
) RETURNS TABLE (kind integer, conversation double precision, seq double precision, a double precision,
  b double precision, c double precision, t text, u text, v text, w text, x text, request integer)
${functionSettings}
AS $$
#variable_conflict use_column
DECLARE
  v_ids bigint[];
  v_now double precision[];
  v_request integer[];
  v_busy integer[];
  v_near integer;
  v_is_cut boolean := false;
  v_found bigint[] := '{}';
  v_found_now double precision[] := '{}';
  v_found_request integer[] := '{}';
  v_idle bigint[];
  v_due bigint[];
  v_due_now double precision[];
  v_due_request integer[];
BEGIN
  IF p_channel IS NULL THEN
    SELECT array_agg(s.channel) INTO v_busy
    FROM unnest(coalesce(p_served, (SELECT array_agg(h.id) FROM channels AS h))) AS s (channel)
    WHERE EXISTS (SELECT FROM conversations AS x WHERE x.channel = s.channel AND x.due_at <= p_now[1]);
    IF v_busy IS NULL THEN RETURN; END IF;
    v_near := 8 + 4 * p_limit / cardinality(v_busy);
  END IF;
  LOOP
    IF p_channel IS NULL THEN
      WITH near AS MATERIALIZED (
        SELECT s.channel, n.id, n.due_at FROM unnest(v_busy) AS s (channel)
        CROSS JOIN LATERAL (
          SELECT x.id, x.due_at FROM conversations AS x
          WHERE x.channel = s.channel AND x.due_at <= p_now[1] AND x.lease_until <= p_now[1]
            AND (p_except_channel IS NULL OR (x.channel, x.chat) NOT IN (
              SELECT e.channel, e.chat FROM unnest(p_except_channel, p_except_chat) AS e (channel, chat)))
            AND (v_found = '{}' OR x.id <> ALL (v_found))
          ORDER BY x.due_at LIMIT v_near) AS n
      ), free AS MATERIALIZED (
        SELECT x.id FROM (SELECT * FROM near ORDER BY due_at OFFSET 0) AS n JOIN conversations AS x ON x.id = n.id
        WHERE x.due_at <= p_now[1] AND x.lease_until <= p_now[1]
        ORDER BY n.due_at LIMIT p_limit - cardinality(v_found) FOR NO KEY UPDATE OF x SKIP LOCKED
      )
      SELECT (SELECT array_agg(f.id) FROM free AS f),
        EXISTS (SELECT FROM near AS n GROUP BY n.channel HAVING count(*) >= v_near)
      INTO v_ids, v_is_cut;
      v_now := array_fill(p_now[1], ARRAY[coalesce(cardinality(v_ids), 0)]);
      v_request := array_fill(1, ARRAY[coalesce(cardinality(v_ids), 0)]);
      v_near := v_near * 8;
    ELSE
      SELECT array_agg(f.conversation), array_agg(f.now), array_agg(f.n::integer) INTO v_ids, v_now, v_request FROM (
        SELECT DISTINCT ON (a.conversation) a.conversation, m.now, m.n
        FROM unnest(p_channel, p_chat, p_now) WITH ORDINALITY AS m (channel, chat, now, n)
        JOIN aliases AS a ON a.channel = m.channel AND a.id = m.chat) AS f;
      ${lockAll('v_ids')}
    END IF;
    EXIT WHEN v_ids IS NULL AND NOT v_is_cut;

    SELECT array_agg(f.id ORDER BY f.n) FILTER (WHERE f.is_due),
      array_agg(f.now ORDER BY f.n) FILTER (WHERE f.is_due),
      array_agg(f.request ORDER BY f.n) FILTER (WHERE f.is_due),
      array_agg(f.id) FILTER (WHERE f.is_idle)
    INTO v_due, v_due_now, v_due_request, v_idle
    FROM (
      SELECT m.*, least(${lookedUpInbound}, o.due) <= m.now AND c.lease_until <= m.now AS is_due,
        coalesce(least(${lookedUpInbound}, o.due) > m.now, true) AS is_idle
      FROM unnest(v_ids, v_now, v_request) WITH ORDINALITY AS m (id, now, request, n)
      JOIN conversations AS c ON c.id = m.id
      ${lookedUp}) AS f;
    v_found := v_found || coalesce(v_due, '{}');
    v_found_now := v_found_now || coalesce(v_due_now, '{}');
    v_found_request := v_found_request || coalesce(v_due_request, '{}');
    EXIT WHEN p_channel IS NOT NULL OR cardinality(v_found) >= p_limit OR (v_idle IS NULL AND NOT v_is_cut);
    -- They looked due and are not: say when they are, and look for others.
    IF v_idle IS NOT NULL THEN PERFORM refresh_conversations(v_idle, v_idle); END IF;
  END LOOP;
  IF v_found = '{}' THEN RETURN; END IF;

  UPDATE conversations AS x SET
    lease_token = nextval('lease_tokens'), lease_until = m.now + p_lease, lease_owner = p_owner
  FROM unnest(v_found, v_found_now) AS m (id, now) WHERE x.id = m.id;

  RETURN QUERY
    SELECT 0, x.id::double precision, x.lease_token::double precision, x.lease_until, x.last_inbound,
      x.opted_out::integer::double precision, x.chat::text, x.handoff, s.state, h.tenant || '/' || h.channel,
      NULL::text, m.request
    FROM unnest(v_found, v_found_request) WITH ORDINALITY AS m (id, request, n)
    JOIN conversations AS x ON x.id = m.id
    JOIN channels AS h ON h.id = x.channel
    LEFT JOIN states AS s ON s.conversation = x.id
    ORDER BY m.n;
  RETURN QUERY
    SELECT 1, x.id::double precision, i.seq::double precision, i.received_at, i.attempts::double precision,
      NULL::double precision, i.message, i.control, i.trace, NULL::text, NULL::text,
      NULL::integer
    FROM unnest(v_found, v_found_now) WITH ORDINALITY AS m (id, now, n)
    JOIN conversations AS x ON x.id = m.id
    JOIN LATERAL (
      SELECT * FROM inbox AS j WHERE j.conversation = x.id AND j.seq >= x.in_from AND j.status = 0
      ORDER BY j.seq LIMIT p_max + 1) AS i ON true
    WHERE x.in_from IS NOT NULL AND greatest(x.rest_until, least(x.settle_at, x.due_by)) <= m.now
    ORDER BY m.n, i.seq;
  RETURN QUERY
    SELECT 2, x.id::double precision, o.seq::double precision, o.status::double precision,
      o.attempts::double precision, o.not_before, o.message, o.in_reply_to, o.kind, o.id::text, o.trace, NULL::integer
    FROM unnest(v_found) WITH ORDINALITY AS m (id, n)
    JOIN conversations AS x ON x.id = m.id AND x.out_from IS NOT NULL
    JOIN outbox AS o ON o.conversation = x.id AND o.seq >= x.out_from AND o.status < 2
    ORDER BY m.n, o.seq;
  IF p_history > 0 THEN
    RETURN QUERY
      SELECT h.kind, m.id::double precision, h.seq::double precision, h.at, NULL::double precision,
        NULL::double precision, h.message, NULL::text, NULL::text, NULL::text,
        NULL::text, NULL::integer
      FROM unnest(v_found) AS m (id)
      CROSS JOIN LATERAL (
        SELECT * FROM (
          (SELECT 3 AS kind, i.seq, i.received_at AS at, i.message FROM inbox AS i
            WHERE i.conversation = m.id AND i.status <> 0 ORDER BY i.seq DESC LIMIT p_history)
          UNION ALL
          (SELECT 4, o.seq, o.created_at, o.message FROM outbox AS o
            WHERE o.conversation = m.id AND o.status IN (0, 1, 2) ORDER BY o.seq DESC LIMIT p_history)) AS both_ways
        ORDER BY both_ways.seq DESC LIMIT p_history) AS h
      ORDER BY m.id, h.seq;
  END IF;
  RETURN QUERY
    SELECT 5, NULL::double precision, NULL::double precision, sum(g.tokens), sum(g.cost_usd), NULL::double precision,
      g.tenant::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::integer
    FROM (
      SELECT DISTINCT h.tenant FROM unnest(v_found) AS m (id)
      JOIN conversations AS x ON x.id = m.id JOIN channels AS h ON h.id = x.channel) AS t
    JOIN usage AS g ON g.tenant = t.tenant AND g.day = p_day
    GROUP BY g.tenant;
END $$;
`

/** Leases: taking, prolonging and giving back. */
export const leaseFunctions = refreshFunction + releaseFunction + renewFunction + forsakeFunction + claimFunction
