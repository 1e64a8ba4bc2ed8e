"""JSON Schemas for upstream systems, one file an event type, generated from the models."""
