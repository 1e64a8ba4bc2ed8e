-- Every version of the registers that was ever loaded. A version that is here and is not the current one is
-- superseded: a service that starts with it must not bring it back.
create table reference.register_history (
    version         text primary key,
    first_loaded_at timestamptz not null default clock_timestamp(),
    loaded_at       timestamptz not null default clock_timestamp()
);
comment on table reference.register_history is
    'Versions of all registers together: when each was first loaded, and when last.';
insert into reference.register_history (version, first_loaded_at, loaded_at)
select version, loaded_at, loaded_at from reference.register_version where part = 'registers';
grant select on reference.register_history to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
grant insert, update on reference.register_history to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward;
