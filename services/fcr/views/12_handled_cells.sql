-- Handled contacts: buckets summed under every combination of keys (docs/figures.md, Keys of every view), joined with
-- the flags of outcomes: those of outcome and classification, else those of the outcome alone. An outcome that the register
-- lacks has no flags. The views sum by unit row and line first, as in 11_access_cells.sql.
-- Bucket column `guided` counts handled contacts of phone, chat and sms; all other columns count phone and chat only.

-- flagged_month and flagged_day are names of earlier versions.
drop view if exists fcr.handled_bucket, fcr.flagged_month, fcr.flagged_day cascade;

-- The buckets of a period: of its months, or of its day, where channel and segment are 'all'.
create view fcr.handled_bucket as
select b.county, p.period_kind, p.period, p.last_day, b.unit_row, b.line, b.channel, b.segment, outcome, classification,
       handled, linkable, guided, unrepeated_1, unrepeated_7, unrepeated_30,
       repeats_1, repeats_7, repeats_30
from fcr.handled_month b
join reference.period_month p on p.month = b.month
union all
select county, 'day' as period_kind, to_char(day, 'YYYY-MM-DD') as period, day as last_day, unit_row, line,
       'all' as channel, 'all' as segment, outcome, classification,
       handled, linkable, guided, unrepeated_1, unrepeated_7, unrepeated_30,
       repeats_1, repeats_7, repeats_30
from fcr.handled_day;

create view fcr.flagged_bucket as
select b.*, coalesce(pair.resolved, alone.resolved) as resolved,
       coalesce(pair.first_line_resolvable, alone.first_line_resolvable) as resolvable,
       coalesce(pair.hyte, alone.hyte) as hyte
from fcr.handled_bucket b
left join reference.outcome pair on pair.outcome = b.outcome and pair.classification = b.classification
left join reference.outcome alone on alone.outcome = b.outcome and alone.classification = '';

create view fcr.handled_by_unit_row as
select county, period_kind, period, last_day, unit_row, line, channel, segment,
       sum(handled) as handled,
       sum(handled) filter (where outcome <> '') as with_outcome,
       sum(handled) filter (where resolved) as resolved,
       sum(handled) filter (where resolvable) as resolvable,
       sum(linkable) as linkable,
       sum(linkable) filter (where outcome <> '') as linkable_with_outcome,
       sum(unrepeated_1) filter (where resolved) as confirmed_1,
       sum(unrepeated_7) filter (where resolved) as confirmed_7,
       sum(unrepeated_30) filter (where resolved) as confirmed_30,
       sum(repeats_1) as repeats_1,
       sum(repeats_7) as repeats_7,
       sum(repeats_30) as repeats_30,
       sum(guided) filter (where hyte) as first_line_guidance
from fcr.flagged_bucket
group by county, period_kind, period, last_day, unit_row, line, channel, segment;

create view fcr.handled_cell as
select h.county, h.period_kind, h.period, h.last_day, s.scope_level, s.scope, c.channel, g.segment,
       coalesce(sum(handled), 0)::bigint as handled, coalesce(sum(with_outcome), 0)::bigint as with_outcome,
       coalesce(sum(resolved), 0)::bigint as resolved, coalesce(sum(resolvable), 0)::bigint as resolvable,
       coalesce(sum(linkable), 0)::bigint as linkable,
       coalesce(sum(linkable_with_outcome), 0)::bigint as linkable_with_outcome,
       coalesce(sum(confirmed_1), 0)::bigint as confirmed_1, coalesce(sum(confirmed_7), 0)::bigint as confirmed_7,
       coalesce(sum(confirmed_30), 0)::bigint as confirmed_30, coalesce(sum(repeats_1), 0)::bigint as repeats_1,
       coalesce(sum(repeats_7), 0)::bigint as repeats_7, coalesce(sum(repeats_30), 0)::bigint as repeats_30,
       coalesce(sum(first_line_guidance), 0)::bigint as first_line_guidance
from fcr.handled_by_unit_row h
cross join lateral fcr.scopes_of(h.unit_row, h.line) s
cross join lateral (select 'all' union select h.channel) c(channel)
cross join lateral (select 'all' union select h.segment) g(segment)
group by h.county, h.period_kind, h.period, h.last_day, s.scope_level, s.scope, c.channel, g.segment;
