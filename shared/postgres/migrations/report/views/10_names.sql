-- Names of everything that the published tables show: units from units.csv; other codes from names.csv, else closed
-- lists, national questions and the themes of the default register from here. A code without a name shows itself, and
-- `hva doctor` lists it.
drop view if exists report.unit, report.code, report.name;

-- The row of today; the last row for a unit that is closed or no longer in the register. A gap row, whose levels are
-- empty, comes after a register row that has no valid_from either. The reader of a county sees its units.
create view report.unit with (security_barrier) as
select distinct on (county, unit) county, unit, name_fi, name_sv, name_en, service_area, result_area, division, region
from reference.unit_row
where (select bool_or(pg_has_role(rolname, 'usage')) from pg_roles
       where rolname in ('hva_migrate', 'hva_nps', 'hva_fcr', 'hva_segments', 'hva_steward', 'hva_reader'))
  or county in (select reader.county from migration.reader where pg_has_role(reader.role, 'usage'))
order by county, unit, current desc, coalesce(valid_from <= current_date, true) desc, valid_from desc nulls last,
         service_area || result_area || division || region <> '' desc;

-- Names from names.csv (`own`) and from here. The reader of a county sees the own names of codes in its rows.
create view report.name with (security_barrier) as
select n.key, n.code, nullif(name_fi, '') as name_fi, nullif(name_sv, '') as name_sv, nullif(name_en, '') as name_en,
       true as own
from reference.name n
where (select bool_or(pg_has_role(rolname, 'usage')) from pg_roles
       where rolname in ('hva_migrate', 'hva_nps', 'hva_fcr', 'hva_segments', 'hva_steward', 'hva_reader'))
  or exists (
    select from report.code_shown s
    where s.key = n.key and s.code = n.code
      and s.county in (select reader.county from migration.reader where pg_has_role(reader.role, 'usage')))
union all
select key, code, name_fi, name_sv, name_en, false
from (values
  ('any', 'all', 'Kaikki', 'Alla', 'All'),
  ('any', '-', 'Ei tiedossa', 'Uppgift saknas', 'Not known'),
  ('period_kind', 'day', 'Päivä', 'Dag', 'Day'),
  ('period_kind', 'month', 'Kuukausi', 'Månad', 'Month'),
  ('period_kind', 'quarter', 'Vuosineljännes', 'Kvartal', 'Quarter'),
  ('period_kind', 'year', 'Vuosi', 'År', 'Year'),
  ('scope_level', 'county', 'Hyvinvointialue', 'Välfärdsområde', 'Wellbeing services county'),
  ('scope_level', 'division', 'Toimiala', 'Verksamhetsområde', 'Division'),
  ('scope_level', 'result_area', 'Tulosalue', 'Resultatområde', 'Result area'),
  ('scope_level', 'service_area', 'Palvelualue', 'Serviceområde', 'Service area'),
  ('scope_level', 'region', 'Seutu', 'Region', 'Region'),
  ('scope_level', 'unit', 'Yksikkö', 'Enhet', 'Unit'),
  ('scope_level', 'line', 'Ensilinja', 'Första linje', 'First line'),
  ('channel', 'sms', 'Tekstiviesti', 'Textmeddelande', 'Text message'),
  ('channel', 'device', 'Palautelaite', 'Responsenhet', 'Feedback device'),
  ('channel', 'web', 'Verkko', 'Webb', 'Web'),
  ('channel', 'app', 'Sovellus', 'App', 'App'),
  ('channel', 'phone', 'Puhelin', 'Telefon', 'Phone'),
  ('channel', 'paper', 'Paperi', 'Papper', 'Paper'),
  ('channel', 'chat', 'Chat', 'Chatt', 'Chat'),
  ('channel', 'digital_booking', 'Sähköinen ajanvaraus', 'Elektronisk tidsbokning', 'Digital booking'),
  ('channel', 'other', 'Muu', 'Annan', 'Other'),
  ('segment', 'multidisciplinary', 'Monialaiset asiakkaat', 'Multisektoriella klienter', 'Multidisciplinary clients'),
  ('segment', 'other', 'Muut asiakkaat', 'Övriga klienter', 'Other clients'),
  ('segment', 'unknown', 'Asiakas ei tiedossa', 'Klienten okänd', 'Client not known'),
  ('state', 'final', 'Lopullinen', 'Slutlig', 'Final'),
  ('state', 'provisional', 'Alustava', 'Preliminär', 'Provisional'),
  ('question', 'useful', 'Käynnistä oli hyötyä', 'Besöket var till nytta', 'The visit was useful'),
  ('question', 'easy_contact', 'Yhteydenotto oli helppoa', 'Det var lätt att ta kontakt', 'Contact was easy'),
  ('question', 'cooperation', 'Yhteistyö sujui', 'Samarbetet fungerade', 'Cooperation went well'),
  ('question', 'thl_help', 'Sain apua, kun sitä tarvitsin', 'Jag fick hjälp när jag behövde det',
   'I got help when I needed it'),
  ('question', 'thl_cared', 'Minusta välitettiin kokonaisvaltaisesti', 'Man brydde sig om mig som helhet',
   'I was cared for as a whole person'),
  ('question', 'thl_decide', 'Päätökset tehtiin yhteistyössä kanssani', 'Besluten fattades i samarbete med mig',
   'Decisions were made together with me'),
  ('question', 'thl_safe', 'Koin oloni turvalliseksi', 'Jag kände mig trygg',
   'I felt safe'),
  ('question', 'thl_next', 'Tiedän, miten hoitoni tai palveluni jatkuu', 'Jag vet hur vården eller servicen fortsätter',
   'I know how my care or service continues'),
  ('question', 'thl_clear', 'Saamani tieto oli ymmärrettävää', 'Informationen jag fick var begriplig',
   'The information I got was clear'),
  ('question', 'thl_useful', 'Koin palvelun hyödylliseksi', 'Jag upplevde servicen som nyttig',
   'I found the service useful'),
  ('question', 'pei_cope_illness', 'Selviytyminen sairauden kanssa', 'Att klara sig med sjukdomen',
   'Coping with illness'),
  ('question', 'pei_cope_situation', 'Selviytyminen tilanteessa', 'Att klara sig i situationen',
   'Coping with the situation'),
  ('kind', 'thanks', 'Kiitos', 'Tack', 'Thanks'),
  ('kind', 'complaint', 'Moite', 'Klagomål', 'Complaint'),
  ('kind', 'idea', 'Kehittämisidea', 'Utvecklingsidé', 'Idea'),
  ('kind', 'question', 'Kysymys', 'Fråga', 'Question'),
  ('kind', 'tray_visit', 'Hyte-tarjottimen käynti', 'Besök i hyte-katalogen', 'Hyte directory visit'),
  ('kind', 'exercise_referral', 'Liikuntalähete', 'Motionsremiss', 'Exercise referral'),
  ('kind', 'digital_path_coaching', 'Digipolun valmennus', 'Handledning på digital stig', 'Digital path coaching'),
  ('kind', 'first_line_guidance', 'Ensilinjan ohjaus', 'Handledning i första linjen', 'First-line guidance'),
  ('kind', 'common_client', 'Yhteisasiakas', 'Gemensam klient', 'Common client'),
  ('kind', 'plan', 'Monialainen suunnitelma', 'Multisektoriell plan', 'Multidisciplinary plan'),
  ('theme', 'kohtaaminen', 'Kohtaaminen ja vuorovaikutus', 'Bemötande och interaktion', 'Encounter and interaction'),
  ('theme', 'sujuvuus', 'Palvelun sujuvuus', 'Smidig service', 'Smoothness of service'),
  ('theme', 'saatavuus', 'Palvelun saatavuus', 'Tillgång till service', 'Availability of service'),
  ('theme', 'asiantuntemus', 'Asiantuntemus', 'Sakkunskap', 'Expertise'),
  ('theme', 'tiedonkulku', 'Tiedonkulku ja ohjeistus', 'Information och anvisningar', 'Information and instructions'),
  ('theme', 'digi', 'Sähköinen asiointi', 'Elektroniska tjänster', 'Electronic services'),
  ('theme', 'maksut', 'Maksut ja laskut', 'Avgifter och räkningar', 'Fees and bills'),
  ('theme', 'tilat', 'Tilat ja esteettömyys', 'Lokaler och tillgänglighet', 'Premises and accessibility'),
  ('window_days', '1', '1 päivä', '1 dag', '1 day'),
  ('window_days', '7', '7 päivää', '7 dagar', '7 days'),
  ('window_days', '30', '30 päivää', '30 dagar', '30 days'),
  ('event_class', 'visit', 'Käynti', 'Besök', 'Visit'),
  ('event_class', 'home_visit', 'Kotikäynti', 'Hembesök', 'Home visit'),
  ('event_class', 'remote', 'Etäasiointi', 'Distanstjänst', 'Remote service'),
  ('event_class', 'inpatient_day', 'Hoitopäivä', 'Vårddag', 'Inpatient day'),
  ('event_class', 'group', 'Ryhmä', 'Grupp', 'Group'),
  ('event_class', 'other', 'Muu', 'Annan', 'Other'),
  ('battery', 'functioning', 'Toimintakyky', 'Funktionsförmåga', 'Functioning'),
  ('battery', 'illness', 'Sairaus', 'Sjukdom', 'Illness'),
  ('battery', 'social', 'Sosiaalinen tilanne', 'Social situation', 'Social situation'),
  ('battery', 'risk', 'Riskit', 'Risker', 'Risks'),
  ('sex', 'woman', 'Nainen', 'Kvinna', 'Woman'),
  ('sex', 'man', 'Mies', 'Man', 'Man'),
  ('sex', 'other', 'Muu', 'Annat', 'Other'),
  ('sex', 'unknown', 'Ei tiedossa', 'Uppgift saknas', 'Not known'),
  ('result', 'omatoimi', 'Omatoimiasiakkuus', 'Självständig klient', 'Self-directed client'),
  ('result', 'yhteistyo', 'Yhteistyöasiakkuus', 'Samarbetsklient', 'Collaboration client'),
  ('result', 'yhteiso', 'Yhteisöasiakkuus', 'Gemenskapsklient', 'Community client'),
  ('result', 'verkosto', 'Verkostoasiakkuus', 'Nätverksklient', 'Network client')
) n(key, code, name_fi, name_sv, name_en);

-- Codes that are in rows which the reader sees.
create view report.code with (security_invoker) as
select shown.key, shown.code, coalesce(n.name_fi, shown.code) as name_fi, coalesce(n.name_sv, shown.code) as name_sv,
       coalesce(n.name_en, shown.code) as name_en, n.code is not null as named
from (select distinct key, code from report.code_shown) shown
left join lateral (
  select * from report.name where name.code = shown.code and name.key in (shown.key, 'any') order by own desc limit 1
) n on true;

grant select on report.unit, report.code, report.name to hva_nps, hva_fcr, hva_segments, hva_steward, hva_reader;
