"""`python -m tests.seeds.example`: writes the report of the documents' quarter into `docs/examples`, by language.

The figures come from the real services (`tests.seeds.run`). The texts are extracts of the quarterly report, translated
for Swedish and English. The documents' status colours are pictures that are missing, so no status is given.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.seeds import CONFIG, COUNTY, QUARTER
from tests.seeds.run import embedded_run

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
AUTHORS = {
    "ensikontakti": "Ensilinjan ja digisotekeskuksen ohjausryhmä",
    "yhdessa": "Yhteisten asiakkaiden ohjausryhmä",
}
LANGUAGES = {"fi": "", "sv": ".sv", "en": ".en"}


def main() -> None:
    with embedded_run(), tempfile.TemporaryDirectory() as folder:
        for file in sorted((CONFIG / "narratives").glob("*.md")):
            objective, language = file.stem.split(".")
            said = ("--lang", language, "--file", str(file), "--by", AUTHORS[objective])
            _hva("narrative", QUARTER, "--objective", objective, *said)
        for language, suffix in LANGUAGES.items():
            _hva("report", QUARTER, "--county", COUNTY, "--lang", language, "--out", folder)
            page = Path(folder, f"report-{COUNTY}-{QUARTER}-{language}.html")
            (EXAMPLES / f"report-{QUARTER}{suffix}.html").write_bytes(page.read_bytes())


def _hva(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "deploy.hva", *words], check=True)


if __name__ == "__main__":
    main()
