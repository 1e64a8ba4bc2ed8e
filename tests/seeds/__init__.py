"""Registers and events that give the figures which counties have published, and these figures.

The documents are the five texts of `../shared/seeds`; docs/seeds.md says how they are read. `python -m tests.seeds`
writes the events, `python -m tests.seeds.run` starts a run with them.
"""

from pathlib import Path

CONFIG = Path(__file__).parents[1] / "data" / "seeds"
"""The folder of the registers (`HVA_CONFIG_DIR`)."""
COUNTY = "esimerkki"
QUARTER = "2026Q1"
