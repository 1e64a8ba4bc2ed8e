"""The service of the segments family: who is a multidisciplinary client when, and what such clients are given."""
