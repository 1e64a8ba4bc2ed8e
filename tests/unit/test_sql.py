"""Conventions of SQL: one function fences subqueries, and keywords are in lower case."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPLIED = "0001_reference.sql"  # an applied migration may not change
KEYWORDS = re.compile(
    r"\b(SELECT|FROM|WHERE|JOIN|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|GRANT|UNION|GROUP BY|ORDER BY)\b"
)


def files(*endings: str) -> list[Path]:
    folders = (ROOT / "services", ROOT / "shared" / "postgres")
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in endings]


def test_only_one_function_fences_subqueries() -> None:
    """Views cannot call it. They explain each fence in a comment."""
    fenced = [path.name for path in files(".py") if "offset 0" in path.read_text()]
    assert fenced == ["facts.py"]


def test_sql_is_in_lower_case() -> None:
    lines = [
        (path.name, line)
        for path in files(".py", ".sql")
        if path.name != APPLIED
        for line in path.read_text().splitlines()
    ]
    assert [found for found in lines if KEYWORDS.search(found[1].split("--")[0].split("# ")[0])] == []
