"""Reads the YAML of a brief safely, and says in one line what is wrong with it."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from cmeneeds.brief_parts import (
    Activity,
    Audience,
    Contributor,
    Limits,
    OwnSource,
    Population,
    Relationship,
    Request,
    Requirement,
    Support,
    Years,
)
from cmeneeds.errors import BriefError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_NODES = 20_000


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses repeated keys, which YAML would silently let the last one win."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for position, key in enumerate(keys):
        if not isinstance(key, str):
            raise BriefError(str(key), "keys must be words", "Put it in quotes.")
        if key in keys[:position]:
            raise BriefError(key, "is given twice", "Keep one of them.")
    return loader.construct_mapping(node, deep=True)


# Days are read by the brief itself: YAML fails on 2021-02-30 without saying where.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_yaml(text: str, name: str) -> object:
    """Read YAML of bounded size; ``name`` is used in messages.

    Raises
    ------
    BriefError
        If it is no YAML, or uses more of YAML than a brief needs.
    """
    try:
        depth = 0
        # Events come one by one from a state machine; building nodes recurses. So look first.
        for nodes, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise BriefError("", f"{name} is nested deeper than {MAX_DEPTH}", "Flatten it.")
            if nodes > MAX_NODES:
                raise BriefError("", f"{name} has more than {MAX_NODES:,} parts", "Shorten it.")
            if isinstance(event, yaml.AliasEvent):
                raise BriefError("", f"{name} uses YAML aliases (*name)", "Write the text out.")
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except BriefError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        # What PyYAML lets through of a tag that does not fit its value.
        raise BriefError(
            "", f"{name} has a value that YAML cannot read", "Put it in quotes."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BriefError(
            "", f"{name} is not valid YAML:{where} {problem}", "Check indentation and quotes."
        ) from error


def brief_error(error: ValidationError, model: type[BaseModel]) -> BriefError:
    """Make one line of the first problem of a ``model``, naming field and fix."""
    problems = error.errors(include_url=False)
    # A misspelt key is also a missing one: name what the writer wrote.
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    place = ""
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    kind, message = first["type"], first["msg"].removeprefix("Value error, ")
    todo = ""
    if kind == "extra_forbidden":
        known = _keys_at(model, first["loc"][:-1])
        message, todo = "unknown key", f"Known keys here: {', '.join(known)}." if known else ""
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        message, todo = "is not a set of `key: value` lines", "Write them indented below it."
        if place.startswith("audience"):
            todo = "Write `- profession: nurses` below it."
        elif place == "years":
            message, todo = "are not a span of years", "Write them as 2016-2021."
    elif kind == "missing":
        message, todo = "is missing", "Add it to the brief."
    elif kind == "too_short" and place == "audience":
        message, todo = "is empty", "Name at least one: `- profession: ...`."
    elif kind == "string_too_short":
        message, todo = "is empty or too short", "Write it out or remove the line."
    elif kind == "value_error" and not place:
        place, _, message = message.partition(": ")
    elif isinstance(first.get("input"), bool):
        todo = "YAML reads no, yes, on and off as true or false: put the word in quotes."
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return BriefError(place, message[:300] + more, todo)


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the part of the brief that a location points into."""
    parts: dict[str, type[BaseModel]] = {
        "population": Population,
        "audience": Audience,
        "years": Years,
        "activity": Activity,
        "support": Support,
        "contributors": Contributor,
        "own_sources": OwnSource,
        "relationships": Relationship,
        "request": Request,
        "requirements": Requirement,
        "limits": Limits,
    }
    for part in location:
        if isinstance(part, str) and part in parts:
            model = parts[part]
    return list(model.model_fields)
