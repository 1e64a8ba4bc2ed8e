-- Splits a change of NPS between two periods into the change within channels and the change of the channel mix. Weights
-- are the mean shares and mean scores of both periods; a channel missing in one period takes the score of the other.
-- The two parts sum to the change. All outputs are null when a period has no answers.
create or replace function figures.nps_mix(
  county text, scope_level text, scope text, segment text, period_a text, period_b text,
  out score_a double precision, out score_b double precision, out change double precision,
  out within double precision, out mix double precision)
language sql stable as $$
  with answers as (
    select cell.channel, cell.period, cell.n, cell.score,
           cell.n::double precision / sum(cell.n) over (partition by cell.period) as share
    from figures.nps cell
    where cell.county = $1 and cell.scope_level = $2 and cell.scope = $3 and cell.segment = $4
      and cell.period in ($5, $6) and cell.channel <> 'all'
  ),
  channels as (
    select coalesce(answers_a.share, 0) as share_a, coalesce(answers_b.share, 0) as share_b,
           coalesce(answers_a.score, answers_b.score) as score_a,
           coalesce(answers_b.score, answers_a.score) as score_b
    from (select * from answers where period = $5) answers_a
    full join (select * from answers where period = $6) answers_b using (channel)
  )
  select sum(share_a * score_a), sum(share_b * score_b),
         sum(share_b * score_b) - sum(share_a * score_a),
         sum((share_a + share_b) / 2 * (score_b - score_a)),
         sum((score_a + score_b) / 2 * (share_b - share_a))
  from channels
  having sum(share_a) > 0 and sum(share_b) > 0
$$;
