-- Objectives, and key results whose id is unique in their county only.
create table reference.objective (
  id text primary key, position integer not null, name_fi text not null, name_sv text not null, name_en text not null,
  description_fi text not null, description_sv text not null, description_en text not null
);
comment on table reference.objective is 'Objectives in the order of key_results.yaml.';
grant select on reference.objective to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward;
grant insert, update, delete on reference.objective to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward;

-- Generated, so that services of the previous version can still write the table.
alter table reference.key_result
  add column county text generated always as (coalesce(spec #>> '{scope,county}', '')) stored,
  drop constraint key_result_pkey,
  add primary key (county, id);
