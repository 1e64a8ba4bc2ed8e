"""The columns of a row, computed from its counts by the formulas of docs/figures.md."""

from math import sqrt

from tests.oracle.fields import PEI_VALUES

Z = 1.959964


def share(part, whole):
    return part / whole if whole else None


def wilson(part, n):
    if not n:
        return None, None
    p = part / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    margin = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return centre - margin, centre + margin


def nps_score(measures):
    n = measures["promoters"] + measures["passives"] + measures["detractors"]
    return 100 * (measures["promoters"] - measures["detractors"]) / n if n else None


def nps_row(measures):
    p, n_, d = measures["promoters"], measures["passives"], measures["detractors"]
    n = p + n_ + d
    s = ((p + 0.75) - (d + 0.75)) / (n + 3)
    v = (p + d + 1.5) / (n + 3) - s * s
    margin = Z * sqrt(v / (n + 3))
    return {
        "promoters": p,
        "passives": n_,
        "detractors": d,
        "n": n,
        "score": nps_score(measures),
        "score_low": max(-100.0, 100 * (s - margin)),
        "score_high": min(100.0, 100 * (s + margin)),
    }


def statement_row(measures):
    row = {f"c{value}": measures[f"c{value}"] for value in range(1, 6)}
    n = sum(row.values())
    row |= {"n": n, "not_applicable": measures["c0"]}
    for name, part in (("top1", row["c5"]), ("top2", row["c4"] + row["c5"])):
        low, high = wilson(part, n)
        row |= {name: share(part, n), f"{name}_low": low, f"{name}_high": high}
    return row


def pei_row(measures):
    row = {value: measures[value] for value in PEI_VALUES}
    n = row["much_better"] + row["better"] + row["same_or_less"]
    enabled = row["much_better"] + row["better"]
    dont_know = row["dont_know"]
    return row | {
        "n": n,
        "enabled_share": share(enabled, n),
        "dont_know_share": share(dont_know, n + dont_know),
    }


def response_row(measures):
    responses, commented = measures["responses"], measures["with_comment"]
    return {
        "responses": responses,
        "with_comment": commented,
        "comment_share": share(commented, responses),
    }


def response_rate_row(measures):
    delivered, answered = measures["delivered"], measures["answered"]
    return {"delivered": delivered, "answered": answered, "rate": share(answered, delivered)}


def direct_feedback_row(measures):
    return {name: measures[name] for name in ("n", "wants_reply", "replied", "replied_in_time")}
