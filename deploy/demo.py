"""`make demo`: runs the whole pipeline once and prints each command above its output.

It simulates a quarter of a plausible county and sends it through real services, Kafka and PostgreSQL. The run stays up.
A second demo sends the same events again: all facts are unchanged, and so are the figures.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from deploy.embedded.services import SERVICES
from deploy.hva.context import VerbError, resolve
from deploy.hva.figures import read
from deploy.hva.output import escape
from shared.clock import system_clock
from shared.gauges import shown_periods
from shared.registers.calendar import local_day

FOLDER: Final = Path(".hva/demo")
COUNTY: Final = "oma-hame"
CLIENTS: Final = 12_000


def main() -> None:
    """Run the demo; print a failure as one sentence on standard error."""
    os.environ["HVA_DIR"] = str(FOLDER)
    os.environ.pop("HVA_CONFIG_DIR", None)  # the simulated units are in deploy/config
    quarter = previous_quarter(local_day(system_clock()))
    try:
        _run(quarter)
    except (VerbError, subprocess.CalledProcessError) as error:
        sys.exit(f"The demo stopped: {error}")


def previous_quarter(today: date) -> str:
    """The last full quarter, for instance 2026Q1."""
    return next(period for period, name in shown_periods(today).items() if name == "quarter_previous")


def _run(quarter: str) -> None:
    started = time.monotonic()
    _hva("up", "--detach")
    before, started_at = _count_records(), asyncio.run(_fetch("select clock_timestamp() as now"))[0]["now"]
    until = first_day_after(quarter)
    events = FOLDER / "events.jsonl"
    _hva("simulate", "--days", "92", "--clients", str(CLIENTS), "--until", until.isoformat(), "--out", str(events))
    _hva("load", str(events))
    _hva("wait", "--timeout", "150")
    _hva("publish", "--county", COUNTY, "--period", quarter, "--timeout", "150")
    _print_records(before, _count_records(), started_at)
    asyncio.run(_print_figures(quarter))
    asyncio.run(_print_first_contact(quarter))
    asyncio.run(_print_segments(quarter))
    _print_next_steps(quarter, time.monotonic() - started)


def first_day_after(quarter: str) -> date:
    year, number = int(quarter[:4]), int(quarter[-1])
    return date(year + 1, 1, 1) if number == 4 else date(year, 3 * number + 1, 1)


def _hva(*words: str) -> None:
    sys.stdout.write(f"\n$ hva {' '.join(words)}\n")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "deploy.hva", *words], check=True)


def _count_records() -> Counter[str]:
    """Records so far by service and outcome, from the metrics of the services."""
    counted: Counter[str] = Counter()
    for service, url in resolve().services.items():
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as page:
            for line in page.read().decode().splitlines():
                if line.startswith("hva_records_total{"):
                    outcome = line.split('outcome="', 1)[1].split('"', 1)[0]
                    counted[f"{service} {outcome}"] += int(float(line.rsplit(" ", 1)[1]))
    return counted


def _print_records(before: Mapping[str, int], after: Mapping[str, int], started_at: datetime) -> None:
    new = {name: after[name] - before.get(name, 0) for name in after}
    sys.stdout.write(
        f"\nIngest accepted {new.get('ingest applied', 0)} events and rejected {new.get('ingest rejected', 0)}; "
        f"the families applied {_count_families(new, 'applied')} new states of facts, persons and histories and "
        f"found {_count_families(new, 'unchanged')} unchanged.\n"
        "Rejected events, kept encrypted as dead letters:\n"
    )
    for row in asyncio.run(_fetch(_DEAD_LETTERS, started_at)):
        sys.stdout.write(f"  {row['rejected']:5}  {row['reason']:15} for example {escape(row['detail'])}\n")


def _count_families(new: Mapping[str, int], outcome: str) -> int:
    return sum(new.get(f"{family} {outcome}", 0) for family in SERVICES[1:])


_DEAD_LETTERS: Final = """
select reason, count(*) as rejected, min(detail) as detail from ingest.dead_letter
where first_seen >= $1 group by reason order by rejected desc, reason
"""


async def _fetch(query: str, *arguments: object) -> list[dict[str, Any]]:
    import asyncpg

    connection = await asyncpg.connect(resolve().postgres_steward)
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


async def _print_figures(quarter: str) -> None:
    sys.stdout.write(f"\nNPS of {COUNTY} by service area, {quarter}, with 95 % intervals, as published:\n\n")
    for level in ("county", "service_area"):
        for row in sorted(await _figures("nps", quarter, level), key=lambda row: -(row["n"] or 0)):
            sys.stdout.write(_bar(row))


async def _print_first_contact(quarter: str) -> None:
    """A row for each first line, then the figures of the whole county."""
    lines = {row["scope"]: row for row in await _figures("fcr", quarter, scope_level="line")}
    confirmed = {row["scope"]: row for row in await _figures("fcr_confirmed", quarter, "line", window_days="7")}
    access = {row["scope"]: row for row in await _figures("access", quarter, "line")}
    sys.stdout.write(
        f"\nFirst contact of {COUNTY} by line, {quarter}: handled contacts by phone and chat; share resolved of "
        "those with an\noutcome (gross) and of those that the first line can resolve (net); share resolved and not "
        "repeated within 7 days;\nshare of repeats; share answered:\n\n"
        f"  {'':24} {'handled':>8} {'gross':>8} {'net':>8} {'confirmed':>10} {'repeats':>8} {'answered':>9}\n"
    )
    for line, row in sorted(lines.items(), key=lambda item: -(item[1]["handled"] or 0)):
        shares = (
            (row["gross"], 8),
            (row["net"], 8),
            (confirmed[line]["fcr_confirmed"], 10),
            (confirmed[line]["repeat_rate"], 8),
            (access[line]["answered_share"], 9),
        )
        cells = " ".join(f"{_percent(share):>{width}}" for share, width in shares)
        sys.stdout.write(f"  {line:24} {_count(row['handled']):>8} {cells}\n")
    await _print_county(quarter)


async def _print_county(quarter: str) -> None:
    (access,) = await _figures("access", quarter)
    (digital,) = await _figures("digital", quarter)
    (revolving,) = await _figures("revolving", quarter)
    hyte = ", ".join(f"{row['kind']} {_count(row['count'])}" for row in await _figures("hyte", quarter))
    sys.stdout.write(
        f"\n  called back on the same day {_percent(access['callback_same_day_share'])}, promised times kept "
        f"{_percent(access['promise_kept_share'])}, digital share {_percent(digital['digital_share'])}, "
        f"revolving clients {_number(revolving['index'])} %\n"
        f"  health promotion: {hyte}\n"
    )


async def _print_segments(quarter: str) -> None:
    """Multidisciplinary clients compared with the others."""
    (care,) = await _figures("events_per_client", quarter)
    sys.stdout.write(
        f"\nMultidisciplinary clients of {COUNTY}, {quarter}: {_count(care['segment_clients'])} clients, "
        f"{_count(care['member_events'])} service events,\n{_number(care['events_per_client'])} per client "
        f"({_number(care['person_time'])} per client-quarter of membership).\n\n"
        f"  {'':24} {'NPS':>8} {'answers':>8} {'FCR gross':>10} {'net':>8} {'contacts':>9}\n"
    )
    for segment in ("multidisciplinary", "other", "unknown", "all"):
        nps = await _figures("nps", quarter, segment=segment)
        fcr = await _figures("fcr", quarter, segment=segment)
        score, n = (_number(nps[0]["score"]), _count(nps[0]["n"])) if nps else ("-", "0")
        shares = [_percent(fcr[0][name]) if fcr else "-" for name in ("gross", "net")]
        handled = _count(fcr[0]["handled"]) if fcr else "0"
        sys.stdout.write(f"  {segment:24} {score:>8} {n:>8} {shares[0]:>10} {shares[1]:>8} {handled:>9}\n")


async def _figures(view: str, quarter: str, scope_level: str = "county", **keys: str) -> list[dict[str, Any]]:
    """Published rows; all numbers of a hidden one are None."""
    wanted = {"county": COUNTY, "period": quarter, "channel": "all", "segment": "all", "scope_level": scope_level}
    return await read(resolve().postgres_steward, "report", view, {**wanted, **keys})


def _count(number: int | None) -> str:
    return "hidden" if number is None else str(number)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _bar(row: Mapping[str, Any]) -> str:
    if row["suppressed"]:
        return f"  {row['scope']:32}   hidden: fewer than 10 answers, or to protect another\n"
    low, high = round((row["score_low"] + 100) / 5), round((row["score_high"] + 100) / 5)
    line = "".join("·" if not low <= position <= high else "─" for position in range(41))
    position = round((row["score"] + 100) / 5)
    line = line[:position] + "●" + line[position + 1 :]
    return (
        f"  {row['scope']:32} {row['score']:6.1f}  ({row['score_low']:6.1f} … {row['score_high']:6.1f})  "
        f"{line}  n {row['n']}\n"
    )


def _print_next_steps(quarter: str, seconds: float) -> None:
    connection = resolve()
    hva = "uv run hva" if shutil.which("uv") else ".venv/bin/hva"
    pages = "\n".join(f"  {name:8} {url}/metrics" for name, url in connection.services.items())
    sys.stdout.write(
        f"\nDone in {seconds:.0f} s. The run stays up in {FOLDER}; its metrics are at\n{pages}\n\n"
        "What to try next (HVA_DIR selects the run of the demo):\n"
        "  export HVA_DIR=.hva/demo\n"
        f"  {hva} figures response_rate --county {COUNTY} --period {quarter} --scope-level county\n"
        f"  {hva} figures nps --exact --county {COUNTY} --period {quarter} --scope-level unit --channel all "
        "--segment all\n"
        f"  {hva} explain nps county={COUNTY} period={quarter} scope_level=service_area scope=ensilinja\n"
        f"  {hva} explain fcr_confirmed county={COUNTY} period={quarter} scope_level=line scope=terveys window_days=7\n"
        f"  {hva} explain events_per_client county={COUNTY} period={quarter} scope_level=service_area scope=kotihoito\n"
        f"  {hva} report {quarter} --county {COUNTY} --out {FOLDER}/report\n"
        f"  {hva} deadletters list --limit 5\n"
        "  make demo        sends the same events again: no figure changes\n"
        f"  {hva} down  stops it\n\n"
        f"The report of the quarter: {connection.pages}report/{COUNTY}/{quarter}/fi\n"
        f"All reports and the state of the pipeline: {connection.pages}\n"
    )


if __name__ == "__main__":
    main()
