"""Ingest: raw records of upstream systems in, validated and pseudonymised canonical events out."""
