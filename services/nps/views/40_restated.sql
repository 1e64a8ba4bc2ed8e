-- Read by publications and `hva restatements --exact`: what the facts that changed in a period since its newest edition
-- counted before (sign -1) and after (sign 1), under every value of channel, segment and further keys of the figures.
create or replace function nps.restated(county text, period text)
  returns table (log_position bigint, kind text, id text, cause text, rank bytea, at timestamptz, sign integer,
                 unit_row bigint, line text, channel text, segment text, view text, keys jsonb, column_name text,
                 amount numeric)
  language sql stable as $$
with change as materialized (select * from nps.change_since_edition($1, $2))
select r.log_position, r.kind, r.id, r.cause, r.rank, r.at, r.sign, r.unit_row, null::text as line,
       c.channel, g.segment, r.view, r.keys, r.column_name, r.amount
from (
  select n.*, 'nps' as view, '{}'::jsonb as keys, m.column_name
  from change n
  cross join lateral (values ('a0', 'detractors'), ('a1', 'passives'), ('a2', 'promoters'), (n.counts[1], 'n'))
    m(count_name, column_name)
  where n.measure = 'answer' and n.codes[1] = 'recommend' and n.counts[1] = m.count_name
  union all
  select n.*, 'statement' as view, jsonb_build_object('question', n.codes[1]) as keys, m.column_name
  from change n
  cross join lateral (values
    ('a0', 'not_applicable'), ('a1', 'c1'), ('a2', 'c2'), ('a3', 'c3'), ('a4', 'c4'), ('a5', 'c5'),
    (nullif(n.counts[1], 'a0'), 'n')) m(count_name, column_name)
  where n.measure = 'answer' and n.codes[1] not in ('recommend', 'pei_cope_illness', 'pei_cope_situation')
    and n.counts[1] = m.count_name
  union all
  select n.*, 'pei' as view, jsonb_build_object('question', n.codes[1]) as keys, m.column_name
  from change n
  cross join lateral (values
    ('a0', 'dont_know'), ('a1', 'same_or_less'), ('a2', 'better'), ('a3', 'much_better'),
    (nullif(n.counts[1], 'a0'), 'n')) m(count_name, column_name)
  where n.measure = 'answer' and n.codes[1] in ('pei_cope_illness', 'pei_cope_situation')
    and n.counts[1] = m.count_name
  union all
  select n.*, case n.measure when 'response_count' then 'response' else 'response_rate' end as view, '{}'::jsonb as keys,
         m.column_name
  from change n
  cross join lateral unnest(n.counts) m(column_name)
  where n.measure in ('response_count', 'invitation_count')
  union all
  select n.*, 'direct_feedback' as view, jsonb_build_object('kind', k.kind, 'theme', n.codes[2]) as keys, m.column_name
  from change n
  cross join lateral (values ('all'), (n.codes[1])) k(kind)
  cross join lateral unnest(n.counts) m(column_name)
  where n.measure = 'feedback_count'
) r
cross join lateral (values ('all'), (r.channel)) c(channel)
cross join lateral (values ('all'), (r.segment)) g(segment)
$$;
