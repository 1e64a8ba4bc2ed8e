-- Functions that links, cells and views share.

-- These views read only tables, so no `drop view ... cascade` of another file drops them.
drop view if exists figures.fcr_client, figures.revolving;

-- The scopes under which a fact of a unit row and a line counts: the six levels of the unit register, and the line.
create or replace function fcr.scopes_of(unit_row bigint, line text)
  returns table (scope_level text, scope text) language sql stable parallel safe as $$
  select s.scope_level, s.scope from reference.unit_scope s where s.unit_row = $1
  union all
  select 'line', $2
$$;

-- The smallest window, in days of 24 hours, that contains an interval; NULL if the interval exceeds all windows.
create or replace function fcr.least_window(since interval)
  returns smallint language sql immutable parallel safe
  return case when since <= interval '24 hours' then 1::smallint
              when since <= interval '168 hours' then 7::smallint
              when since <= interval '720 hours' then 30::smallint end;

-- The upper bound in seconds of the class (w0..w13) that contains the rank-th smallest wait: infinity for the last
-- class, NULL if there are no waits.
create or replace function fcr.wait_bound(
  rank bigint, w0 bigint, w1 bigint, w2 bigint, w3 bigint, w4 bigint, w5 bigint, w6 bigint, w7 bigint, w8 bigint,
  w9 bigint, w10 bigint, w11 bigint, w12 bigint)
  returns double precision language sql immutable parallel safe
  return case
    when rank <= 0 then null
    when w0 >= rank then 10
    when w0 + w1 >= rank then 30
    when w0 + w1 + w2 >= rank then 60
    when w0 + w1 + w2 + w3 >= rank then 120
    when w0 + w1 + w2 + w3 + w4 >= rank then 300
    when w0 + w1 + w2 + w3 + w4 + w5 >= rank then 600
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 >= rank then 1200
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 >= rank then 1800
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 + w8 >= rank then 3600
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 + w8 + w9 >= rank then 7200
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 + w8 + w9 + w10 >= rank then 14400
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 + w8 + w9 + w10 + w11 >= rank then 28800
    when w0 + w1 + w2 + w3 + w4 + w5 + w6 + w7 + w8 + w9 + w10 + w11 + w12 >= rank then 86400
    else 'Infinity'::double precision end;

-- A sum as a bigint. A greater sum becomes the greatest bigint, so that one absurd number does not fail a view.
create or replace function fcr.count_of(total numeric)
  returns bigint language sql immutable parallel safe
  return least(total, 9223372036854775807)::bigint;
