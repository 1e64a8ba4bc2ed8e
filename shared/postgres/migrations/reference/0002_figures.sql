-- Schema `figures` (exact, live views of every family) and the statistics they share.
create schema figures;

-- 95 % interval of NPS in points, adjusted Wald (Rocks 2016): 3 answers are added, three quarters of one to
-- promoters and to detractors. NULL without answers; clamped to what the score can be.
create function reference.nps_bound(promoters bigint, detractors bigint, n bigint, side integer)
  returns double precision language sql immutable parallel safe
  return (
    select case when n > 0 then
      greatest(-100, least(100, 100 * (s + side * 1.959964 * sqrt((p + d - s * s) / (n + 3)))))
    end
    from (select (promoters + 0.75::double precision) / (n + 3),
                 (detractors + 0.75::double precision) / (n + 3)) adjusted(p, d),
         lateral (select p - d) difference(s));

-- 95 % Wilson interval of k of n as a share. NULL where n is 0.
create function reference.wilson_bound(k bigint, n bigint, side integer)
  returns double precision language sql immutable parallel safe
  return (
    select case when n > 0 then
      (p + z * z / (2 * n) + side * z * sqrt(p * (1 - p) / n + z * z / (4 * n::double precision * n)))
      / (1 + z * z / n)
    end
    from (select k::double precision / nullif(n, 0), 1.959964::double precision) parts(p, z));

-- A share, NULL where the denominator is 0.
create function reference.share(numerator bigint, denominator bigint)
  returns double precision language sql immutable parallel safe
  return numerator::double precision / nullif(denominator, 0);

-- Final once the whole period has ended, and `delay` further days with it, at the as-of time.
create function reference.state_of(last_day date, delay integer default 1)
  returns text language sql stable parallel safe
  return case when last_day + delay <= reference.as_of_day() then 'final' else 'provisional' end;
