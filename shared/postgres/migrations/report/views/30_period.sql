-- First and last day of every month, quarter and year: queries on published rows order and name periods by them.
create or replace view report.period with (security_barrier) as
select period_kind, period, first_day, last_day from reference.period;

grant select on report.period to hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
