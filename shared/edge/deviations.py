"""Where brokers and topics differ from the declared settings: the transaction timeout limit and topic settings."""

from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from shared.contracts.catalogue import TOPICS, TRANSACTION_LIMIT_MS

_LIMIT: Final = "transaction.max.timeout.ms"


async def deviations(bootstrap: str, prefix: str = "", *, topics: bool = True) -> list[str]:
    """Return one sentence for each broker limit or topic setting that differs from the declaration.

    `topics`: whether to check topics as well as brokers. A broker shows a new setting only after a short delay.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="hva-topics")
    await admin.start()
    try:
        return await _broker_deviations(admin) + (await _topic_deviations(admin, prefix) if topics else [])
    finally:
        await admin.close()


async def _broker_deviations(admin: AIOKafkaAdminClient) -> list[str]:
    brokers = [str(broker["node_id"]) for broker in (await admin.describe_cluster())["brokers"]]
    found = await _settings(admin, [ConfigResource(ConfigResourceType.BROKER, one, {_LIMIT: None}) for one in brokers])
    return [
        f"{_LIMIT} of broker {broker} is {settings.get(_LIMIT)}, it must be {TRANSACTION_LIMIT_MS} or less: "
        "a sender that dies in a transaction blocks its partition for that long"
        for broker, settings in found.items()
        if int(settings.get(_LIMIT, 0)) > TRANSACTION_LIMIT_MS
    ]


async def _topic_deviations(admin: AIOKafkaAdminClient, prefix: str) -> list[str]:
    declared = {prefix + topic.name: topic.config() for topic in TOPICS}
    missing = declared.keys() - set(await admin.list_topics())
    found = await _settings(
        admin, [ConfigResource(ConfigResourceType.TOPIC, name, declared[name]) for name in declared.keys() - missing]
    )
    return [f"topic {name} is missing" for name in sorted(missing)] + [
        f"{setting} of topic {name} is {found[name].get(setting)}, declared is {value}"
        for name in sorted(found)
        for setting, value in declared[name].items()
        if found[name].get(setting) != value
    ]


async def _settings(admin: AIOKafkaAdminClient, resources: list[ConfigResource]) -> dict[str, dict[str, str]]:
    """Return the settings of brokers or topics by name. Raises the first error that the broker returns."""
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for code, message, _, name, entries in answer.resources:
            if code:
                raise for_code(code)(message)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
