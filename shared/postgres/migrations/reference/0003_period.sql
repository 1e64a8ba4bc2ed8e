-- Every month, quarter and year once, for figures whose cells are stored by period.
create table reference.period (
    period_kind text not null,
    period      text not null,
    first_day   date not null,
    last_day    date not null,
    primary key (period_kind, period)
);
insert into reference.period (period_kind, period, first_day, last_day)
select distinct period_kind, period, first_day, last_day from reference.period_month order by 1, 2;
analyze reference.period;
grant select on reference.period to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
