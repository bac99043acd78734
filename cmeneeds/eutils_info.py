"""Answers of einfo: which databases there are, and what one of them offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmeneeds.eutils_xml import Value, answer_of, mapping, strings_in, texts_at, whole_number


class Field(Value, frozen=True):
    """A search field of a database, as einfo lists it."""

    name: str
    full_name: str
    description: str
    terms: int
    """Number of distinct terms; 0 where the service does not say."""
    is_date: bool
    is_numerical: bool
    is_hidden: bool


class LinkKind(Value, frozen=True):
    """A kind of link that elink can follow from a database."""

    name: str
    """Such as ``pubmed_pmc_refs``."""
    menu: str
    description: str
    db_to: str


class DatabaseInfo(Value, frozen=True):
    """What einfo says of one database."""

    name: str
    menu: str
    description: str
    count: int
    updated: str
    """Date and time as the service writes them, such as ``2025/11/27 06:33``."""
    build: str = ""
    fields: tuple[Field, ...] = ()
    links: tuple[LinkKind, ...] = ()


class Info(Value, frozen=True):
    """Answer of einfo: the names of all databases, or one database in full."""

    databases: tuple[str, ...] = ()
    database: DatabaseInfo | None = None


def parse_einfo(body: bytes) -> Info:
    """Read an answer of einfo, XML or JSON."""
    found = answer_of(body, "einfo", "eInfoResult", "einforesult")
    if not isinstance(found, dict):
        found = {"einforesult": _plain_info(found)}
    value = mapping(found["einforesult"])
    info = value.get("dbinfo")
    if isinstance(info, list):  # newer answers wrap it
        info = info[0] if info else None
    if not isinstance(info, dict):
        return Info(strings_in(value.get("dblist")))

    def say(item: Mapping[str, Any], key: str) -> str:
        return str(item.get(key) or "").strip()

    fields = [f for f in info.get("fieldlist") or () if isinstance(f, dict)]
    links = [k for k in info.get("linklist") or () if isinstance(k, dict)]
    return Info(
        (),
        DatabaseInfo(
            say(info, "dbname"),
            say(info, "menuname"),
            say(info, "description"),
            whole_number(info.get("count")),
            say(info, "lastupdate"),
            say(info, "dbbuild"),
            tuple(
                Field(say(f, "name"), say(f, "fullname"), say(f, "description"),
                      whole_number(f.get("termcount")), say(f, "isdate") == "Y",
                      say(f, "isnumerical") == "Y", say(f, "ishidden") == "Y")
                for f in fields
            ),
            tuple(
                LinkKind(say(k, "name"), say(k, "menu"), say(k, "description"), say(k, "dbto"))
                for k in links
            ),
        ),
    )  # fmt: skip


def _plain_info(root: Any) -> dict[str, Any]:
    """Turn einfo's XML into the shape of its JSON."""
    value: dict[str, Any] = {"dblist": list(texts_at(root, "DbList/DbName"))}
    if (info := root.find("DbInfo")) is not None:
        value["dbinfo"] = {
            e.tag.lower(): [{x.tag.lower(): x.text for x in item} for item in e]
            if len(e)
            else e.text
            for e in info
        }
    return value
