"""Disclosure control: which figures may be shown so that no small group can be recovered. Pure.

`model` declares the views, `star` which of their rows are published, `equations` how published counts add up, `hide`
which rows are suppressed, `audit` what an attacker could still compute, `protect` all of it for one publication.
"""
