-- Names of codes by names.csv; an empty name is missing in that language.
create table reference.name (
  key text not null, code text not null, name_fi text not null, name_sv text not null, name_en text not null,
  primary key (key, code)
);
grant select, insert, update, delete on reference.name to hva_ingest, hva_nps, hva_fcr, hva_segments, hva_steward;
