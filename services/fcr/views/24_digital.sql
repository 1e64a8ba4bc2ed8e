-- The digital share of contacts: chat and digital bookings among the four channels.
create view figures.digital as
select county, period_kind, period, scope_level, scope, channel, segment, phone, chat, sms, digital_booking,
       reference.share(chat + digital_booking, phone + chat + sms + digital_booking) as digital_share,
       reference.state_of(last_day) as state
from fcr.access_cell
where channel = 'all' and phone + chat + sms + digital_booking > 0;
grant select on figures.digital to hva_fcr;
