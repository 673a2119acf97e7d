import { functionSettings, lockAll } from './fragments.ts'

/**
 * Applies what turns have made, as far as it needs no rule: messages that are done, replies, the one that is being sent, state and
 * usage. 0 applied, 1 the lease is lost, 2 the reply to be sent is final. A commit that was applied before is told as applied.
 */
const commitFunction = `
CREATE FUNCTION commit_turns(
  p_channel integer[], p_chat text[], p_token bigint[], p_now double precision[], p_commit text[],
  p_sending text[], p_sends_new boolean[], p_is_done boolean[], p_first_reply integer[],
  p_state text[], p_done_of integer[], p_done bigint[],
  p_reply_of integer[], p_reply_id text[], p_reply_kind text[], p_reply_not_before double precision[],
  p_reply_in_reply_to text[], p_reply_message text[], p_reply_trace text[], p_reply_sending integer[],
  p_usage_of integer[], p_day text[], p_tokens double precision[], p_cost double precision[], p_shard integer
) RETURNS TABLE (n integer, verdict integer, opted_out boolean, handoff text, last_inbound double precision)
${functionSettings}
AS $$
#variable_conflict use_column
DECLARE
  v_ids bigint[];
  v_verdict integer[];
  v_seq bigint[];
BEGIN
  SELECT array_agg(a.conversation ORDER BY m.n) INTO v_ids
  FROM unnest(p_channel, p_chat) WITH ORDINALITY AS m (channel, chat, n)
  LEFT JOIN aliases AS a ON a.channel = m.channel AND a.id = m.chat;
  ${lockAll('v_ids')}

  SELECT array_agg(CASE
      WHEN c.last_commit = m.commit THEN 3
      WHEN c.id IS NULL OR c.lease_token <> m.token OR c.lease_until <= m.now THEN 1
      WHEN m.sending IS NULL THEN 0
      ELSE (
        SELECT CASE WHEN count(*) FILTER (WHERE o.status < 2 AND o.conversation = c.id) > 0 THEN 0
          WHEN count(*) > 0 THEN 2
          WHEN m.sends_new THEN 0
          ELSE 2 END
        FROM outbox AS o WHERE o.channel = m.channel AND o.id = m.sending)
    END ORDER BY m.n) INTO v_verdict
  FROM unnest(p_channel, v_ids, p_token, p_now, p_commit, p_sending, p_sends_new)
    WITH ORDINALITY AS m (channel, id, token, now, commit, sending, sends_new, n)
  LEFT JOIN conversations AS c ON c.id = m.id;

  UPDATE outbox AS o SET status = 1, attempts = o.attempts + 1
  FROM unnest(p_channel, v_ids, p_sending) WITH ORDINALITY AS m (channel, id, sending, n)
  WHERE v_verdict[m.n] = 0 AND m.sending IS NOT NULL
    AND o.channel = m.channel AND o.id = m.sending AND o.conversation = m.id AND o.status < 2;

  UPDATE inbox AS i SET status = 1, ended_at = p_now[d.n]
  FROM unnest(p_done_of, p_done) AS d (n, seq)
  WHERE v_verdict[d.n] = 0 AND i.conversation = v_ids[d.n] AND i.seq = d.seq AND i.status = 0;

  SELECT array_agg(nextval('mail_seq')) INTO v_seq FROM unnest(p_reply_of);
  INSERT INTO outbox
    (conversation, seq, channel, id, status, attempts, kind, not_before, created_at, in_reply_to, message, trace)
  SELECT v_ids[r.n], r.seq, p_channel[r.n], r.id, r.sending, r.sending, r.kind, r.not_before, p_now[r.n],
    r.in_reply_to, r.message, r.trace
  FROM unnest(p_reply_of, v_seq, p_reply_id, p_reply_sending, p_reply_kind, p_reply_not_before, p_reply_in_reply_to,
    p_reply_message, p_reply_trace) AS r (n, seq, id, sending, kind, not_before, in_reply_to, message, trace)
  WHERE v_verdict[r.n] = 0
  ON CONFLICT (channel, id) DO NOTHING;

  UPDATE conversations AS c SET
    last_commit = m.commit,
    rest_until = CASE WHEN m.is_done THEN 0 ELSE c.rest_until END,
    out_from = least(c.out_from, v_seq[m.first_reply]),
    (in_from, settle_at, due_by) = (
      SELECT min(i.seq), max(i.settle_at), min(i.due_by) FROM inbox AS i
      WHERE i.conversation = c.id AND i.seq >= c.in_from AND i.status = 0)
  FROM unnest(v_ids, p_commit, p_is_done, p_first_reply, v_verdict) AS m (id, commit, is_done, first_reply, verdict)
  WHERE m.verdict = 0 AND c.id = m.id;

  INSERT INTO states AS s (conversation, channel, state)
  SELECT m.id, m.channel, m.state
  FROM unnest(v_ids, p_channel, p_state) WITH ORDINALITY AS m (id, channel, state, n)
  WHERE v_verdict[m.n] = 0 AND m.state IS NOT NULL
  ON CONFLICT (conversation) DO UPDATE SET state = excluded.state WHERE s.state <> excluded.state;

  IF p_usage_of <> '{}' THEN
    INSERT INTO usage AS g (tenant, day, shard, tokens, cost_usd)
    SELECT h.tenant, m.day, p_shard, sum(m.tokens), sum(m.cost)
    FROM unnest(p_usage_of, p_day, p_tokens, p_cost) AS m (n, day, tokens, cost)
    JOIN channels AS h ON h.id = p_channel[m.n]
    WHERE v_verdict[m.n] = 0
    GROUP BY h.tenant, m.day ORDER BY h.tenant, m.day
    ON CONFLICT (tenant, day, shard)
    DO UPDATE SET tokens = g.tokens + excluded.tokens, cost_usd = g.cost_usd + excluded.cost_usd;
  END IF;

  RETURN QUERY
    SELECT m.n::integer, CASE WHEN m.verdict = 3 THEN 0 ELSE m.verdict END, c.opted_out, c.handoff, c.last_inbound
    FROM unnest(v_ids, v_verdict) WITH ORDINALITY AS m (id, verdict, n)
    LEFT JOIN conversations AS c ON c.id = m.id;
END $$;
`

/**
 * Records what became of replies that are undelivered. 0 recorded, 1 unknown, 2 it needs a rule: final already, or known to the
 * provider by an earlier id.
 */
const settleFunction = `
CREATE FUNCTION settle_replies(
  p_channel integer[], p_id text[], p_status integer[], p_not_before double precision[], p_reason text[],
  p_provider_id text[], p_now double precision
) RETURNS TABLE (n integer, verdict integer)
${functionSettings}
AS $$
#variable_conflict use_column
DECLARE
  v_ids bigint[];
  v_seqs bigint[];
  v_verdict integer[];
  v_free bigint[];
BEGIN
  SELECT array_agg(o.conversation ORDER BY m.n), array_agg(o.seq ORDER BY m.n) INTO v_ids, v_seqs
  FROM unnest(p_channel, p_id) WITH ORDINALITY AS m (channel, id, n)
  LEFT JOIN outbox AS o ON o.channel = m.channel AND o.id = m.id;
  ${lockAll('v_ids')}

  SELECT array_agg(CASE
      WHEN o.seq IS NULL THEN 1
      WHEN o.status < 2 AND o.provider_id IS NULL THEN 0
      ELSE 2 END ORDER BY m.n) INTO v_verdict
  FROM unnest(v_ids, v_seqs) WITH ORDINALITY AS m (id, seq, n)
  LEFT JOIN outbox AS o ON o.conversation = m.id AND o.seq = m.seq;

  UPDATE outbox AS o SET
    status = m.status,
    not_before = coalesce(m.not_before, o.not_before),
    ended_at = CASE WHEN m.status = 0 THEN o.ended_at ELSE p_now END,
    provider_id = m.provider_id,
    delivery = 0,
    reason = m.reason
  FROM unnest(v_ids, v_seqs, p_status, p_not_before, p_reason, p_provider_id)
    WITH ORDINALITY AS m (id, seq, status, not_before, reason, provider_id, n)
  WHERE v_verdict[m.n] = 0 AND o.conversation = m.id AND o.seq = m.seq;

  INSERT INTO provider_ids (channel, provider_id, reply_id)
  SELECT DISTINCT ON (m.channel, m.provider_id) m.channel, m.provider_id, m.id
  FROM unnest(p_channel, p_provider_id, p_id) WITH ORDINALITY AS m (channel, provider_id, id, n)
  WHERE v_verdict[m.n] = 0 AND m.provider_id IS NOT NULL
  ORDER BY m.channel, m.provider_id, m.n DESC
  ON CONFLICT (channel, provider_id) DO UPDATE SET reply_id = excluded.reply_id;

  IF 3 = ANY (p_status) OR 4 = ANY (p_status) THEN
    INSERT INTO dead_letters (seq, kind, conversation, channel, ended_at)
    SELECT m.seq, 'r', m.id, m.channel, p_now
    FROM unnest(v_ids, v_seqs, p_channel, p_status) WITH ORDINALITY AS m (id, seq, channel, status, n)
    WHERE v_verdict[m.n] = 0 AND m.status IN (3, 4);
  END IF;

  SELECT array_agg(DISTINCT c.id) INTO v_free
  FROM unnest(v_ids) WITH ORDINALITY AS m (id, n)
  JOIN conversations AS c ON c.id = m.id AND (c.lease_until = 0 OR c.lease_owner = '')
  WHERE v_verdict[m.n] = 0;
  IF v_free IS NOT NULL THEN PERFORM refresh_conversations(v_free, '{}'); END IF;

  RETURN QUERY SELECT v.n::integer, v.verdict FROM unnest(v_verdict) WITH ORDINALITY AS v (verdict, n);
END $$;
`

/** What turns and deliveries change. */
export const commitFunctions = commitFunction + settleFunction
