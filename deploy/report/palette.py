"""The colours of the report: of the page, of its pictures and of paper, from this one place.

All text colours have a contrast of at least 4.5:1 on the backgrounds below (WCAG 2.2 AA), and lines of pictures at
least 3:1. Blue and orange stay apart in every common colour blindness and in grey; no meaning is by colour alone.
"""

from typing import Final

PALETTE: Final = {
    "ink": "#1b2733",  # text
    "muted": "#4d5b69",  # labels, captions
    "line": "#c9d2da",  # rules of tables
    "paper": "#ffffff",
    "tint": "#f3f6f8",  # header, totals
    "accent": "#0b4f7a",  # headings, links, series
    "band": "#cfe0ec",  # interval of a series
    "target": "#a3450a",  # target line
    "good": "#0b4f7a",  # target met
    "bad": "#a3450a",  # target not met
    "hint": "#6b5300",  # notes on gaps
    "hint_paper": "#fdf6e3",
}
