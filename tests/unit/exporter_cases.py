"""Snapshots of the exporter."""

from aiokafka import TopicPartition

from deploy.exporter.kafka import KafkaSnapshot
from deploy.exporter.postgres import PostgresSnapshot

FEEDBACK, SEGMENT = TopicPartition("hva.feedback.v1", 0), TopicPartition("hva.segment.v1", 3)
FEEDBACK_GROUP, SEGMENT_GROUP = "hva.nps.hva.feedback.v1", "hva.nps.hva.segment.v1"

KAFKA = KafkaSnapshot(
    brokers=3,
    partitions=(
        {"topic": "hva.feedback.v1", "leader": 1, "replicas": [1, 2, 3], "isr": [1, 2, 3]},
        {"topic": "hva.feedback.v1", "leader": 2, "replicas": [1, 2, 3], "isr": [2]},
        {"topic": "hva.segment.v1", "leader": -1, "replicas": [1], "isr": []},
    ),
    ends={FEEDBACK: 150, SEGMENT: 20},
    unread={FEEDBACK_GROUP: {FEEDBACK: 10}, SEGMENT_GROUP: {}},
)
POSTGRES = PostgresSnapshot(
    connections=[
        {"role": "hva_nps", "state": "idle", "connections": 3, "oldest": 0.0},
        {"role": "hva_nps", "state": "active", "connections": 1, "oldest": 2.5},
    ],
    database={"bytes": 4096, "max_connections": 100, "committed": 7, "rolled_back": 2, "deadlocks": 1},
)
