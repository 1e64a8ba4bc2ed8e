"""Disclosure control: which figures may be shown so that no small group can be recovered. Pure.

`model` declares the views, `star` which of their rows are published, `equations` how published counts add up, `hide`
which rows are hidden so that no single equation reveals a small one. `attack` finds counts that follow from several
equations (`inference`, with `elimination` and `nonnegative`), `repair` what to hide against it, and `protect` does all
of it for one publication.
"""
