"""Event contracts: topics, event types, the rank of events. docs/events.md describes them for senders."""
