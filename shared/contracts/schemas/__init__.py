"""JSON Schemas for upstream systems, one file per event type, generated from the models."""
