"""Ingest: validates raw records of upstream systems and publishes them as pseudonymised canonical events."""
