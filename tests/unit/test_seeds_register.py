"""The register of the seeds has the units that the documents count."""

from shared.registers.folder import load_folder
from tests.seeds import CONFIG
from tests.seeds.units import CHATS, PHONES, STATIONS


def test_units_are_as_many_as_the_document_counts() -> None:
    """001_a668a2813190df07.txt: "122 numerosta 15 Ensilinjan numeroon", "Chatkanavia yhdisteltiin 5:n"."""
    units = load_folder(CONFIG).units
    first_line = [row.unit for row in units if row.service_area == "ensilinja"]
    regions = [row.region for row in units if row.unit in STATIONS]
    assert (len(PHONES), len(CHATS), len(first_line)) == (15, 5, 20)
    assert [regions.count(region) for region in ("forssa", "hameenlinna", "riihimaki")] == [5, 3, 3]
