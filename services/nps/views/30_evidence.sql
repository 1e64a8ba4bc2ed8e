-- Read by `hva explain`: each fact once per view that counts it, computed from facts and not from buckets.
-- `keys` holds further keys of the view; `counted` describes what the fact counts as. `line`, `person` and `detail` are
-- null in this family.
drop view if exists nps.evidence;
create view nps.evidence as
select counted_fact.*, null::text as line, null::bigint as person, null::text as detail from (
with response as (
  select counted_response.*, answer.key as question, answer.value
  from nps.response counted_response left join lateral jsonb_each(counted_response.answers) answer on true
  where counted_response.counts and not counted_response.retracted
)
select 'nps' as view, county, day, answered_at as at, unit_row, channel, segment, '{}'::jsonb as keys,
       'response' as fact, id, rank,
       case when value::int >= 9 then 'promoter' when value::int >= 7 then 'passive' else 'detractor' end
       || ' (answer ' || (value #>> '{}') || ')' as counted
from response where question = 'recommend'
union all
select 'statement' as view, county, day, answered_at as at, unit_row, channel, segment,
       jsonb_build_object('question', question) as keys, 'response' as fact, id, rank,
       case value::int when 0 then 'does not concern the client (0)' else 'answer ' || (value #>> '{}') end as counted
from response where question not in ('recommend', 'pei_cope_illness', 'pei_cope_situation')
union all
select 'pei' as view, county, day, answered_at as at, unit_row, channel, segment,
       jsonb_build_object('question', question) as keys, 'response' as fact, id, rank, value #>> '{}' as counted
from response where question in ('pei_cope_illness', 'pei_cope_situation')
union all
select 'response' as view, county, day, answered_at as at, unit_row, channel, segment, '{}'::jsonb as keys,
       'response' as fact, id, rank,
       case when has_comment then 'response with a comment' else 'response' end as counted
from nps.response where counts and not retracted
union all
select 'response_rate' as view, county, day, invited_at as at, unit_row, channel, segment, '{}'::jsonb as keys,
       'invitation' as fact, id, rank,
       case when answered then 'delivered, answered within 14 days'
            else 'delivered, not answered within 14 days' end as counted
from nps.invitation where delivered and not retracted and channel <> 'device'
union all
select 'direct_feedback' as view, county, day, given_at as at, unit_row, channel, segment,
       jsonb_build_object('kind', kind, 'theme', themes) as keys, 'feedback' as fact, id, rank,
       kind || case when not wants_reply then ''
                    when in_time then ', replied in time'
                    when replied_at is not null then ', replied late'
                    else ', waits for a reply' end as counted
from nps.feedback where not retracted
) counted_fact;
