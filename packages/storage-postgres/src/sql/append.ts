import { functionSettings, inboundDue, lockAll, outboundDue } from './fragments.ts'

/**
 * Takes messages in that need no rule but order: the customer's, without an order, of one known or unknown conversation each;
 * and echoes that are known by their id. Where a message needs more, nothing is done and it is told as `verdict` 9.
 * 0 stored, 1 duplicate, 2 echo. Sets of parameters are never joined with each other, which would cost the square of them:
 * what is known of a message is an array, by its number.
 */
export const appendFunction = `
CREATE FUNCTION append_messages(
  p_channel integer[], p_chat text[], p_id text[], p_message text[], p_received double precision[],
  p_settle double precision[], p_due_by double precision[], p_wrote double precision[], p_from_me boolean[],
  p_trace text[], p_alias_of integer[], p_alias text[]
) RETURNS TABLE (n integer, verdict integer, chat text, due double precision)
${functionSettings}
AS $$
#variable_conflict use_column
DECLARE
  v_verdict integer[];
  v_conversation bigint[];
  v_leader integer[];
  v_fresh bigint[];
  v_stored bigint[];
  v_seq bigint[];
  v_wanted bigint;
  v_named bigint;
BEGIN
  -- Who wrote? A duplicate is looked for already where the answer is not plain: it must teach and open nothing.
  SELECT array_agg(j.verdict ORDER BY j.n), array_agg(j.conversation ORDER BY j.n)
  INTO v_verdict, v_conversation
  FROM (
    SELECT r.n,
      CASE
        WHEN d.conversation IS NOT NULL THEN 1
        WHEN s.conversation IS NOT NULL THEN 2
        WHEN p_from_me[r.n] THEN 9
        WHEN r.known = 0 THEN 3
        WHEN NOT r.is_plain THEN 9
        ELSE 0
      END AS verdict,
      coalesce(d.conversation, s.conversation, r.first) AS conversation
    FROM (
      SELECT p.n, count(a.conversation) AS known, min(a.conversation) AS first,
        count(a.conversation) = count(*) AND min(a.conversation) = max(a.conversation) AND NOT p_from_me[p.n] AS is_plain
      FROM (
        SELECT m.n::integer AS n, m.channel, m.chat AS id
        FROM unnest(p_channel, p_chat) WITH ORDINALITY AS m (channel, chat, n)
        UNION
        SELECT b.n, p_channel[b.n], b.id FROM unnest(p_alias_of, p_alias) AS b (n, id)) AS p
      LEFT JOIN aliases AS a ON a.channel = p.channel AND a.id = p.id
      GROUP BY p.n) AS r
    LEFT JOIN LATERAL (
      SELECT i.conversation FROM inbox AS i
      WHERE NOT r.is_plain AND i.channel = p_channel[r.n] AND i.id = p_id[r.n]) AS d ON true
    LEFT JOIN LATERAL (
      SELECT o.conversation FROM provider_ids AS k JOIN outbox AS o ON o.channel = k.channel AND o.id = k.reply_id
      WHERE p_from_me[r.n] AND k.channel = p_channel[r.n] AND k.provider_id = p_id[r.n]) AS s ON true) AS j;

  IF 9 = ANY (v_verdict) THEN
    RETURN QUERY SELECT v.n::integer, v.verdict, NULL::text, NULL::double precision
      FROM unnest(v_verdict) WITH ORDINALITY AS v (verdict, n);
    RETURN;
  END IF;

  IF 3 = ANY (v_verdict) THEN
    -- The first message of each new chat opens its conversation.
    SELECT array_agg(l.leader ORDER BY l.n) INTO v_leader FROM (
      SELECT m.n, min(m.n) OVER (PARTITION BY m.channel, m.chat) AS leader
      FROM unnest(p_channel, p_chat, v_verdict) WITH ORDINALITY AS m (channel, chat, verdict, n) WHERE m.verdict = 3
      UNION ALL
      SELECT m.n, NULL FROM unnest(v_verdict) WITH ORDINALITY AS m (verdict, n) WHERE m.verdict <> 3) AS l;
    SELECT array_agg(CASE WHEN l.leader = l.n THEN nextval('conversations_id_seq') END ORDER BY l.n) INTO v_fresh
    FROM unnest(v_leader) WITH ORDINALITY AS l (leader, n);
    INSERT INTO conversations (id, channel, chat)
    SELECT m.id, m.channel, m.chat FROM unnest(v_fresh, p_channel, p_chat) AS m (id, channel, chat)
    WHERE m.id IS NOT NULL;
    SELECT array_agg(coalesce(v_fresh[v_leader[m.n]], m.conversation) ORDER BY m.n) INTO v_conversation
    FROM unnest(v_conversation) WITH ORDINALITY AS m (conversation, n);
    WITH wanted AS MATERIALIZED (
      SELECT m.channel, m.chat AS id, m.conversation
      FROM unnest(p_channel, p_chat, v_conversation, v_verdict) AS m (channel, chat, conversation, verdict)
      WHERE m.verdict = 3
      UNION
      SELECT p_channel[b.n], b.id, v_conversation[b.n]
      FROM unnest(p_alias_of, p_alias) AS b (n, id) WHERE v_verdict[b.n] = 3
    ), named AS (
      INSERT INTO aliases (channel, id, conversation)
      SELECT w.channel, w.id, w.conversation FROM wanted AS w ORDER BY w.channel, w.id
      ON CONFLICT DO NOTHING
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM wanted), (SELECT count(*) FROM named) INTO v_wanted, v_named;
    -- Another process, or another chat among these, has one of the ids.
    IF v_wanted <> v_named THEN RAISE EXCEPTION 'an id is taken' USING ERRCODE = 'WA002'; END IF;
  END IF;

  SELECT array_agg(DISTINCT v.conversation) INTO v_stored
  FROM unnest(v_verdict, v_conversation) AS v (verdict, conversation) WHERE v.verdict IN (0, 3);
  ${lockAll('v_stored')}

  -- Nobody else adds to these conversations now: what is a duplicate stays one, and numbers are in the order of arrival.
  SELECT array_agg(j.verdict ORDER BY j.n), array_agg(j.conversation ORDER BY j.n),
    array_agg(CASE WHEN j.verdict = 0 THEN nextval('mail_seq') END ORDER BY j.n)
  INTO v_verdict, v_conversation, v_seq
  FROM (
    SELECT m.n, CASE
        WHEN m.verdict IN (1, 2) THEN m.verdict
        WHEN d.conversation IS NOT NULL OR m.copy > 1 THEN 1
        ELSE 0
      END AS verdict,
      coalesce(d.conversation, m.conversation) AS conversation
    FROM (
      SELECT u.*, row_number() OVER (PARTITION BY u.channel, u.id ORDER BY u.n) AS copy
      FROM unnest(p_channel, p_id, v_verdict, v_conversation)
        WITH ORDINALITY AS u (channel, id, verdict, conversation, n)) AS m
    LEFT JOIN LATERAL (
      SELECT i.conversation FROM inbox AS i
      WHERE m.verdict IN (0, 3) AND i.channel = m.channel AND i.id = m.id) AS d ON true
    ORDER BY m.n) AS j;

  INSERT INTO inbox (conversation, seq, channel, id, received_at, settle_at, due_by, message, trace)
  SELECT m.conversation, m.seq, m.channel, m.id, m.received, m.settle, m.due_by, m.message, m.trace
  FROM unnest(v_conversation, v_seq, p_channel, p_id, p_received, p_settle, p_due_by, p_message, p_trace)
    AS m (conversation, seq, channel, id, received, settle, due_by, message, trace)
  WHERE m.seq IS NOT NULL;

  UPDATE conversations AS c SET
    settle_at = greatest(CASE WHEN c.in_from IS NOT NULL THEN c.settle_at END, g.settle_at),
    due_by = least(CASE WHEN c.in_from IS NOT NULL THEN c.due_by END, g.due_by),
    in_from = coalesce(c.in_from, g.first),
    last_inbound = greatest(c.last_inbound, g.wrote),
    due_at = CASE WHEN c.lease_until > 0 AND c.due_at IS NOT NULL THEN c.due_at ELSE least(
      greatest(c.rest_until, least(
        greatest(CASE WHEN c.in_from IS NOT NULL THEN c.settle_at END, g.settle_at),
        least(CASE WHEN c.in_from IS NOT NULL THEN c.due_by END, g.due_by))),
      ${outboundDue('c')}) END
  FROM (
    SELECT m.conversation, max(m.settle) AS settle_at, min(m.due_by) AS due_by, min(m.seq) AS first, max(m.wrote) AS wrote
    FROM unnest(v_conversation, v_seq, p_settle, p_due_by, p_wrote) AS m (conversation, seq, settle, due_by, wrote)
    WHERE m.seq IS NOT NULL GROUP BY m.conversation) AS g
  WHERE c.id = g.conversation;

  RETURN QUERY
    SELECT v.n::integer, v.verdict, c.chat, least(${inboundDue('c')}, ${outboundDue('c')})
    FROM unnest(v_verdict, v_conversation) WITH ORDINALITY AS v (verdict, conversation, n)
    JOIN conversations AS c ON c.id = v.conversation;
END $$;
`
