-- Read by publications and `hva restatements --exact`: what the facts that changed in a period since its newest edition
-- counted before (sign -1) and after (sign 1), under every value of channel, segment and further keys of the figures.
-- Figures that count clients do not add up: there `column_name` is null.
-- The flags of outcomes are read from the register. Changed facts count by the flags that the edition includes. Contacts
-- of an outcome whose flags changed since are listed with the cause `register`, before by these flags and after by those
-- of now. So the differences add up.
create or replace function fcr.outcome_flags(flags jsonb, outcome text, classification text)
  returns table (resolved boolean, first_line_resolvable boolean, hyte boolean) language sql immutable as $$
  select f.resolved, f.first_line_resolvable, f.hyte
  from jsonb_to_recordset($1) f(outcome text, classification text, resolved boolean, first_line_resolvable boolean,
                                hyte boolean)
  where f.outcome = $2 and f.classification in ($3, '')
  order by f.classification desc limit 1
$$;

create or replace function fcr.restated(county text, period text)
  returns table (log_position bigint, kind text, id text, cause text, rank bytea, at timestamptz, sign integer,
                 unit_row bigint, line text, channel text, segment text, view text, keys jsonb, column_name text,
                 amount numeric)
  language sql stable as $$
with edition as materialized (
  select e.outcomes, p.first_day, p.last_day
  from fcr.closed_edition e join fcr.closed_period p on (p.county, p.period) = (e.county, e.period)
  where e.county = $1 and e.period = $2 order by e.edition desc limit 1
),
change as materialized (select * from fcr.change_since_edition($1, $2)),
-- Every outcome of the period, with its flags in the edition and now. There are few, so contacts are joined by outcome.
flag as materialized (
  select o.outcome, o.classification,
         b.resolved as old_resolved, b.first_line_resolvable as old_resolvable, b.hyte as old_hyte,
         a.resolved, a.first_line_resolvable as resolvable, a.hyte
  from (
    select m.outcome, m.classification
    from edition e join fcr.handled_month m on m.county = $1 and m.month between e.first_day and e.last_day
    union
    select c.codes[2], c.codes[3] from change c where c.measure = 'handled') o
  cross join edition e
  cross join (select jsonb_agg(to_jsonb(r)) as outcomes from reference.outcome r) now
  left join lateral fcr.outcome_flags(e.outcomes, o.outcome, o.classification) b on true
  left join lateral fcr.outcome_flags(now.outcomes, o.outcome, o.classification) a on true
),
handled as (
  select c.log_position, c.kind, c.id, c.cause, c.rank, c.at, c.sign, c.unit_row, c.codes[1] as line, c.channel,
         c.segment, c.counts, c.amount, c.codes[2] <> '' as with_outcome, f.old_resolved as resolved,
         f.old_resolvable as resolvable, f.old_hyte as hyte
  from change c
  join flag f on (f.outcome, f.classification) = (c.codes[2], c.codes[3])
  where c.measure = 'handled'
  union all
  select null::bigint as log_position, 'contact' as kind, c.id, 'register' as cause, null::bytea as rank,
         null::timestamptz as at, side.sign, c.unit_row, c.line, c.channel, c.segment,
         array['guided'] || case when c.channel <> 'sms' then array['handled'] end
           || case when c.channel <> 'sms' and c.own_client is not null and c.reason is not null then
                array(select 'unrepeated_' || w.days from (values (1), (7), (30)) w(days)
                      where c.repeated_within is null or c.repeated_within > w.days) end as counts,
         1 as amount, true as with_outcome, side.resolved, side.resolvable, side.hyte
  from flag f
  cross join edition e
  join fcr.contact c on c.county = $1 and c.day between e.first_day and e.last_day and c.handled
    and c.outcome = f.outcome and coalesce(c.classification, '') = f.classification
  cross join lateral (values (-1, f.old_resolved, f.old_resolvable, f.old_hyte),
                             (1, f.resolved, f.resolvable, f.hyte)) side(sign, resolved, resolvable, hyte)
  where (coalesce(f.old_resolved, false), coalesce(f.old_resolvable, false), coalesce(f.old_hyte, false))
     <> (coalesce(f.resolved, false), coalesce(f.resolvable, false), coalesce(f.hyte, false))
)
select r.log_position, r.kind, r.id, r.cause, r.rank, r.at, r.sign, r.unit_row, r.line, c.channel, g.segment, r.view, r.keys,
       r.column_name, r.amount
from (
  select h.log_position, h.kind, h.id, h.cause, h.rank, h.at, h.sign, h.unit_row, h.line, h.channel, h.segment, m.view,
         case when m.days is null then m.keys else jsonb_build_object('window_days', m.days) end as keys, m.column_name,
         h.amount
  from handled h
  cross join lateral unnest(h.counts) counted(name)
  cross join lateral (
    values ('handled', 'fcr', null::integer, '{}'::jsonb, 'handled', true),
           ('handled', 'fcr', null, '{}', 'with_outcome', h.with_outcome),
           ('handled', 'fcr', null, '{}', 'resolved', h.resolved),
           ('handled', 'fcr', null, '{}', 'resolvable', h.resolvable),
           ('guided', 'hyte', null, '{"kind": "first_line_guidance"}', 'count', h.hyte)
    union all
    select p.name || case when p.windowed then '_' || w.days else '' end, p.view, w.days, null, p.column_name, p.counts
    from (values (1), (7), (30)) w(days)
    cross join (values ('handled', false, 'fcr_confirmed', 'handled', true),
                       ('linkable', false, 'fcr_confirmed', 'linkable', true),
                       ('linkable', false, 'fcr_confirmed', 'linkable_with_outcome', h.with_outcome),
                       ('unrepeated', true, 'fcr_confirmed', 'confirmed', h.resolved),
                       ('repeats', true, 'fcr_confirmed', 'repeats', true),
                       ('linkable', false, 'fcr_client', null, true))
      p(name, windowed, view, column_name, counts)
  ) m(name, view, days, keys, column_name, counts)
  where m.name = counted.name and m.counts
  union all
  select a.log_position, a.kind, a.id, a.cause, a.rank, a.at, a.sign, a.unit_row, a.codes[1] as line, a.channel, a.segment,
         m.view, '{}'::jsonb as keys, m.column_name, a.amount
  from change a
  cross join lateral unnest(a.counts) counted(name)
  cross join lateral (
    select case when counted.name in ('phone', 'chat', 'sms', 'digital_booking') then 'digital' else 'access' end,
           case when counted.name in ('promised', 'awaited') then 'with_promise'
                when counted.name ~ '^w\d+$' then 'waits' else counted.name end) m(view, column_name)
  where a.measure = 'access'
  union all
  select n.log_position, n.kind, n.id, n.cause, n.rank, n.at, n.sign, n.unit_row, null as line, n.channel, n.segment,
         'hyte' as view, jsonb_build_object('kind', n.codes[1]) as keys, 'count' as column_name, n.amount
  from change n where n.measure = 'hyte_count'
  union all
  -- Of the whole county: which other contacts of the client are revolving with this one is not known here.
  select v.log_position, v.kind, v.id, v.cause, v.rank, v.at, v.sign, null as unit_row, null as line, 'all', 'all',
         'revolving' as view, '{}'::jsonb as keys, null as column_name, 1 as amount
  from change v where v.measure = 'recent'
) r
cross join lateral (select 'all' union select r.channel where r.view not in ('digital', 'hyte', 'revolving')) c(channel)
cross join lateral (select 'all' union select r.segment where r.view <> 'hyte') g(segment)
$$;
