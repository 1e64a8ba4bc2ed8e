-- Evidence for `hva explain`: each contact and count under every view that concerns it, counted or not, with the
-- reason. It comes from the facts, not from the buckets. `keys` has the view's further keys. `counted` is how the fact
-- counts. `detail` is specific to the fact: the contact it repeats, that it is planned and so cannot repeat one, its
-- wait.
-- told_contact is a name of an earlier version.
drop view if exists fcr.evidence, fcr.told_contact, fcr.contact_with_links cascade;

-- A contact with its flags and its links of the same person, line and reason: the contact that it repeats in the
-- smallest window, and the first contact that repeats it.
create view fcr.contact_with_links as
select c.*, o.resolved, o.first_line_resolvable, o.hyte, coalesce(o.outcome is not null, false) as known_outcome,
       case when c.direction <> 'inbound' then 'not counted: outbound'
            when c.excluded is not null then 'not counted: ' || c.excluded
            when not c.handled then case when c.abandoned then 'counted, abandoned' else 'counted, not answered' end
       end as unhandled,
       before.id as repeats, after.id as repeated_by
from fcr.contact c
left join lateral (
  select * from reference.outcome o
  where o.outcome = c.outcome and o.classification in (coalesce(c.classification, ''), '')
  order by o.classification desc limit 1) o on true
left join lateral (
  select n.id from fcr.contact n
  where c.repeats_within is not null and n.person = c.person and n.handled
    and n.line = c.line and n.reason = c.reason and (n.started_at, n.id) < (c.started_at, c.id)
    and n.started_at >= c.started_at - interval '744 hours'
  order by n.effective_end desc, n.started_at desc, n.id desc limit 1) before on true
left join lateral (
  select n.id from fcr.contact n
  where c.repeated_within is not null and n.person = c.person and n.repeatable
    and n.line = c.line and n.reason = c.reason and (n.started_at, n.id) > (c.started_at, c.id)
  order by n.started_at, n.id limit 1) after on true
where not c.retracted;

create view fcr.evidence as
select 'fcr' as view, county, day, started_at as at, unit_row, line, channel, segment, person, '{}'::jsonb as keys,
       'contact' as fact, id, rank,
       coalesce(unhandled, case
         when outcome is null then 'handled, no outcome'
         when not known_outcome then 'handled, outcome ' || outcome || ' that the register lacks'
         when resolved then 'resolved'
         when first_line_resolvable then 'not resolved'
         else 'not for the first line to resolve' end) as counted,
       null as detail
from fcr.contact_with_links where channel in ('phone', 'chat')
union all
select 'fcr_confirmed' as view, county, day, started_at as at, unit_row, line, channel, segment, person,
       jsonb_build_object('window_days', w.days::text) as keys, 'contact' as fact, id, rank,
       coalesce(unhandled, case
         when person is null then 'not linkable: no client'
         when reason is null then 'not linkable: no reason'
         else case when outcome is null then 'linkable, no outcome'
                   when coalesce(resolved, false) then 'resolved'
                   else 'not resolved' end
              || case when repeated_within <= w.days then ', repeated' else ', not repeated' end
         end) as counted,
       concat(case when unhandled is null and repeated_within <= w.days then ' by ' || repeated_by end,
              case when unhandled is null and repeats_within <= w.days then ', repeats ' || repeats end,
              case when planned then ', planned' end) as detail
from fcr.contact_with_links cross join (values (1), (7), (30)) w(days) where channel in ('phone', 'chat')
union all
select 'fcr_client' as view, county, day, started_at as at, unit_row, line, channel, segment, person,
       jsonb_build_object('window_days', w.days::text) as keys, 'contact' as fact, id, rank,
       case when repeated_within <= w.days then 'repeated' else 'not repeated' end as counted,
       case when repeated_within <= w.days then ' by ' || repeated_by end as detail
from fcr.contact_with_links cross join (values (1), (7), (30)) w(days)
where channel in ('phone', 'chat') and handled and person is not null and reason is not null
union all
select 'access' as view, county, day, started_at as at, unit_row, line, channel, segment, person, '{}'::jsonb as keys,
       'contact' as fact, id, rank,
       case when direction <> 'inbound' or excluded is not null then unhandled
       else case when handled then 'handled' || coalesce(' (' || answer_mode || ')', '')
                 when early.is_early then 'early'
                 else 'not handled' end
            || case when due is null or early.is_early then ''
                    when response.at <= due then ', promise kept'
                    when response.at is null and due > reference.as_of() then ', promise open'
                    else ', promise broken' end
       end as counted,
       case when counted and response.at is not null
         then ', waited ' || greatest(extract(epoch from response.at - started_at), 0)::bigint || ' s' end as detail
from fcr.contact_with_links,
     lateral (select least(answered_at, callback_first_attempt_at, callback_reached_at)) response(at),
     lateral (select abandoned and not handled and ended_at <= started_at + interval '5 seconds') early(is_early)
where channel in ('phone', 'chat', 'sms')
union all
select 'digital' as view, county, day, started_at as at, unit_row, line, 'all' as channel, segment, person,
       '{}'::jsonb as keys, 'contact' as fact, id, rank, case when counted then channel else unhandled end as counted,
       null as detail
from fcr.contact_with_links where channel in ('phone', 'chat', 'sms', 'digital_booking')
union all
select 'hyte' as view, county, day, null as at, unit_row, null as line, 'all' as channel, 'all' as segment,
       null as person, jsonb_build_object('kind', kind) as keys, 'count' as fact, id, rank, kind as counted,
       ' ' || amount as detail
from fcr.hyte where not retracted
union all
select 'hyte' as view, county, day, started_at as at, unit_row, line, 'all' as channel, 'all' as segment, person,
       jsonb_build_object('kind', 'first_line_guidance') as keys, 'contact' as fact, id, rank,
       'guidance given: ' || outcome as counted, null as detail
from fcr.contact_with_links where handled and hyte
union all
select 'revolving' as view, county, day, started_at as at, unit_row, line, 'all' as channel, segment, person,
       '{}'::jsonb as keys, 'contact' as fact, id, rank, 'contact number ' || nth.n || ' in 30 days' as counted,
       null as detail
from fcr.contact_with_links c,
     lateral (select count(*) from fcr.contact n
              where n.person = c.person and n.handled
                and n.started_at > c.started_at - interval '720 hours' and n.started_at <= c.started_at) nth(n)
where handled and person is not null;
