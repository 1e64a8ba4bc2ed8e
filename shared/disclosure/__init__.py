"""Disclosure control: which figures may be shown so that no small group can be recovered. Pure.

`model` declares the views, `star` which of their rows are published, `equations` how published counts add up, `hide`
which rows are hidden so that no single equation reveals a small one. `audit` attacks one of the `columns` at a time:
what follows from single equations (`propagation`), then from the linear `system` of those that are left (`inference`,
with `elimination` and `nonnegative`). `repair` hides rows of the `proof` of what follows, and `protect` does all of it
for one publication.
"""
