"""What travels on Kafka: topics, event types, the order of facts. Everything here follows the contract by name."""
