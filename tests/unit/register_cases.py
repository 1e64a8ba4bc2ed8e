"""Registers of a folder that tests change: used by the tests of valid and of invalid registers."""

import shutil
from pathlib import Path

from shared.registers import Registers, load_folder

DEFAULT = Path(__file__).parents[2] / "deploy" / "config"
UNITS = "county,unit,name_fi,name_sv,name_en,service_area,result_area,division,region,sensitive,valid_from,valid_to\n"
NAMES = "key,code,name_fi,name_sv,name_en\n"
OUTCOMES = "outcome,classification,resolved,first_line_resolvable,hyte\n"


def copy_registers(folder: Path) -> Path:
    """Copy the default registers to a folder that the test may change, without key results: their scopes must exist."""
    copy = Path(shutil.copytree(DEFAULT, folder / "config"))
    (copy / "key_results.yaml").write_text("key_results: []\n", encoding="utf-8")
    return copy


def write(folder: Path, name: str, text: str) -> Registers:
    """Replace one file and load the folder."""
    (folder / name).write_text(text, encoding="utf-8")
    return load_folder(folder)
