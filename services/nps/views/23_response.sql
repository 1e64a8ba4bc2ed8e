-- Responses of clients, and how many of them have a comment.
create view figures.response as
select county, period_kind, period, scope_level, scope, channel, segment,
       responses, with_comment, reference.share(with_comment, responses) as comment_share,
       reference.state_of(last_day) as state
from nps.response_cell
where responses > 0;
grant select on figures.response to hva_nps;
