"""Kafka's incremental change of topic settings. aiokafka only has the request that resets every unnamed setting.

KIP-339, https://kafka.apache.org/protocol#The_Messages_IncrementalAlterConfigs, version 0.
"""

from collections.abc import Mapping
from typing import Final

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

_SET: Final = 0


class _Response(Response):  # type: ignore[misc] # the client has no types
    API_KEY = 44
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "responses",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class _Struct(RequestStruct):  # type: ignore[misc]
    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = _Response
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(("name", String("utf-8")), ("config_operation", Int8), ("value", String("utf-8"))),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class SetTopicConfigs(Request[_Struct]):  # type: ignore[misc]
    """Sets the named settings of topics and keeps all others. The response has an error code for each topic."""

    API_KEY = 44

    def __init__(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        """`configs`: topic -> setting -> value."""
        self._configs = configs

    def build(self, request_struct_class: type[_Struct]) -> _Struct:
        """Return the request in its wire structure."""
        resources = [
            (ConfigResourceType.TOPIC, topic, [(name, _SET, value) for name, value in settings.items()])
            for topic, settings in self._configs.items()
        ]
        return request_struct_class(resources, False)
