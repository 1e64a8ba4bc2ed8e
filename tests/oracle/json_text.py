"""JSON as ingest must accept it: UTF-8, no NaN, no duplicate names, no lone surrogates, depth up to 64."""

import json


def parse(line):
    event = json.loads(line.decode("utf-8"), object_pairs_hook=no_doubles, parse_constant=refuse)
    for depth, item in walk(event):
        if depth > 64:
            raise ValueError("depth")
        if isinstance(item, str):
            item.encode("utf-8")  # a lone surrogate raises a ValueError
    return event


def no_doubles(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a doubled name")
    return dict(pairs)


def refuse(constant):
    raise ValueError(constant)


def walk(item, depth=1):
    """Every object, list and string with its depth; names and strings have the depth of their container."""
    if isinstance(item, dict):
        yield depth, item
        for name, value in item.items():
            yield depth, name
            yield from walk(value, depth + isinstance(value, dict | list))
    elif isinstance(item, list):
        yield depth, item
        for value in item:
            yield from walk(value, depth + isinstance(value, dict | list))
    elif isinstance(item, str):
        yield depth, item
