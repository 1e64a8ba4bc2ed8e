"""The Kafka contract: topics, event types, the rank of facts. All names are those of the contract."""
