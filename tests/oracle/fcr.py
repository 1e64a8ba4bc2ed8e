"""Every view of the first-contact family (docs/figures.md) as rows with all keys and columns."""

from collections import defaultdict

from tests.oracle.fcr_contacts import counted_contacts
from tests.oracle.fcr_links import WINDOWS, Links
from tests.oracle.fcr_rows import (
    access_row,
    client_row,
    confirmed_row,
    digital_row,
    fcr_row,
    guidance_row,
    revolving_row,
)
from tests.oracle.nps import CELL_NAMES, periods, state, unknown_or_other

HEADLINE = 7


def fcr_views(facts, registers, as_of, label=unknown_or_other):
    """View name -> rows. `label(county, client, local date)` gives the segment of a contact."""
    contacts = counted_contacts(facts, registers, label)
    links, cells = Links(contacts), contacts_of_cells(contacts, registers)
    all_channels = {cell: found for cell, found in cells.items() if cell[5] == "all"}
    not_days = {cell: found for cell, found in cells.items() if cell[1] != "day"}
    client_cells = {cell: found for cell, found in not_days.items() if "all" in cell[5:]}
    result = {
        "fcr": rows(cells, as_of, fcr_row),
        "fcr_confirmed": [],
        "fcr_client": [],
        "access": rows(cells, as_of, access_row, as_of),
        "digital": rows(all_channels, as_of, digital_row),
        "hyte": hyte(facts, registers, cells, as_of),
        "revolving": rows(
            {cell: found for cell, found in all_channels.items() if cell[1] != "day"},
            as_of,
            revolving_row,
            links.revolving,
        ),
    }
    for days in WINDOWS:
        linked, final = (links.repeated[days], links.repeating[days]), days + 2
        table = cells if days == HEADLINE else not_days
        result["fcr_confirmed"] += rows(table, as_of, confirmed_row, *linked, wait=final, window_days=days)
        result["fcr_client"] += rows(client_cells, as_of, client_row, linked[0], wait=final, window_days=days)
    return result


def contacts_of_cells(contacts, registers):
    """(county, period kind, period, scope level, scope, channel, segment) -> its counted contacts."""
    table = defaultdict(list)
    for contact in contacts:
        scopes = [*registers.scopes(contact.county, contact.unit, contact.day), ("line", contact.line)]
        for kind, period in periods(contact.day):
            for level, scope in scopes:
                for channel in ("all",) if kind == "day" else ("all", contact.channel):
                    for segment in ("all",) if kind == "day" else ("all", contact.segment):
                        table[contact.county, kind, period, level, scope, channel, segment].append(contact)
    return table


def rows(table, as_of, columns, *more, wait=None, **further):
    """A row for every cell with a nonzero count; final `wait` local days after its last day."""
    result = []
    for cell, found in table.items():
        counted = columns(found, *more)
        if any(isinstance(value, int) and value for value in counted.values()):
            key = dict(zip(CELL_NAMES, cell, strict=True)) | further
            result.append(key | counted | {"state": state(cell[1], cell[2], as_of, wait)})
    return result


def hyte(facts, registers, cells, as_of):
    """Counts by their own day, and guidance in handled contacts; only guidance has lines."""
    result = rows(
        {cell: found for cell, found in cells.items() if cell[5:] == ("all", "all")},
        as_of,
        guidance_row,
        kind="first_line_guidance",
    )
    tables = defaultdict(lambda: defaultdict(list))
    for event in facts.of("hyte"):
        day = event.data["counted_on"]
        for kind, period in periods(day):
            for level, scope in registers.scopes(event.county, event.data["unit"], day):
                cell = (event.county, kind, period, level, scope, "all", "all")
                tables[event.data["kind"]][cell].append(event.data["count"])
    for kind, table in tables.items():
        result += rows(table, as_of, lambda counts: {"count": sum(counts)}, kind=kind)
    return result
