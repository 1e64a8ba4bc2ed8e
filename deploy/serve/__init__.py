"""`hva serve`: the reports of every quarter and the state of the pipeline as pages, read-only.

It reads schema `report` as `hva_reader`, and `/readyz` and `/metrics` of the services. It sets no cookies, needs no
script and loads nothing from elsewhere.
"""
