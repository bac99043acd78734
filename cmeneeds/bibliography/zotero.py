"""Zotero: the local ``zotero.sqlite``, or its web API (https://www.zotero.org/support/dev/web_api/v3).

The local file is copied and the copy is read, so that a running Zotero is not disturbed and its
file cannot be changed. Tables are those of Zotero 5 and later (``userdata.sql`` of its source).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from cmeneeds.bibliography.model import (
    Bibliography,
    Entry,
    Reading,
    bare_pmid,
    doi_in,
    names,
    one_line,
    pages_of,
    pmcid_in,
    pmid_in,
    year_in,
)
from cmeneeds.bibliography.reading import MAX_ENTRIES, finished
from cmeneeds.bibliography.structured import csl_entry
from cmeneeds.errors import UsageError
from cmeneeds.sources.web import WebClient

MAX_FILE = 4 << 30
SECONDS = 120
"""How long reading a local Zotero may take."""
API = "https://api.zotero.org"
PAGE = 100
"""Items a request; the API's largest."""
KEY = "ZOTERO_API_KEY"
"""Environment variable with the key of a private library."""

_NOT_WORKS = ("attachment", "note", "annotation")
_TABLES = {"items", "itemTypes", "itemData", "itemDataValues", "fields", "itemCreators", "creators"}


def read_zotero(path: str | Path, collection: str = "") -> Bibliography:
    """Read a local Zotero.

    Parameters
    ----------
    path : path
        ``zotero.sqlite`` in Zotero's data folder.
    collection : str, optional
        Name of a collection; default the whole library.

    Raises
    ------
    UsageError
        If it is no Zotero database, or has no such collection.
    """
    path = Path(path)
    name = one_line(path.name)
    if path.stat().st_size > MAX_FILE:
        raise UsageError(f"{name} is larger than {MAX_FILE >> 30} GB", "Export a collection.")
    with tempfile.TemporaryDirectory(prefix="cmeneeds-zotero-") as folder:
        copy = Path(folder) / "zotero.sqlite"
        shutil.copyfile(path, copy)
        # What a running Zotero has not yet written into the main file.
        wal = path.with_name(f"{path.name}-wal")
        if wal.is_file() and wal.stat().st_size < MAX_FILE:
            shutil.copyfile(wal, copy.with_name("zotero.sqlite-wal"))
        try:
            with closing(sqlite3.connect(copy)) as db:
                # It may be anybody's file: no functions from its schema, no long queries.
                db.execute("PRAGMA trusted_schema = OFF")
                db.execute("PRAGMA query_only = ON")
                end = time.monotonic() + SECONDS
                db.set_progress_handler(lambda: int(time.monotonic() > end), 100_000)
                reading = _read(db, name, collection)
        except sqlite3.Error as error:
            raise UsageError(
                f"{name} cannot be read as a Zotero library ({error})",
                "Name the zotero.sqlite of Zotero's data folder, or export the library as RIS.",
            ) from None
    return finished(reading, name, "Zotero")


def _read(db: sqlite3.Connection, name: str, collection: str) -> Reading:
    tables = {n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= _TABLES:
        raise UsageError(
            f"{name} is an SQLite file, but not Zotero's",
            "Name the zotero.sqlite of Zotero's data folder.",
        )
    marks = ", ".join("?" * len(_NOT_WORKS))
    where, values = f"t.typeName NOT IN ({marks})", list(_NOT_WORKS)
    # The trash, and what only came in by a news feed.
    for table in sorted({"deletedItems", "feedItems"} & tables):
        where += f" AND i.itemID NOT IN (SELECT itemID FROM {table})"  # noqa: S608 - ours
    if collection:
        named = "SELECT collectionID FROM collections WHERE collectionName = ?"
        if not db.execute(named, (collection,)).fetchone():
            raise UsageError(f"Zotero has no collection {collection!r}", "Mind the spelling.")
        where += " AND i.itemID IN (SELECT itemID FROM collectionItems WHERE collectionID IN"
        where += f" ({named}))"
        values.append(collection)
    items = db.execute(
        "SELECT i.itemID, i.key, t.typeName FROM items i JOIN itemTypes t USING (itemTypeID)"  # noqa: S608 - no user text
        f" WHERE {where} ORDER BY i.itemID LIMIT {MAX_ENTRIES + 1}",
        values,
    ).fetchall()
    wanted = {i for i, _, _ in items}
    fields: dict[int, dict[str, str]] = defaultdict(dict)
    for item, field, value in db.execute(
        "SELECT d.itemID, f.fieldName, v.value FROM itemData d JOIN fields f USING (fieldID)"
        " JOIN itemDataValues v USING (valueID)"
    ):
        if item in wanted:
            fields[item][str(field)] = one_line(value)
    people: dict[int, list[str]] = defaultdict(list)
    for item, first, last, one_field in db.execute(
        "SELECT ic.itemID, c.firstName, c.lastName, c.fieldMode FROM itemCreators ic"
        " JOIN creators c USING (creatorID) JOIN creatorTypes ct USING (creatorTypeID)"
        " WHERE ct.creatorType = 'author' ORDER BY ic.itemID, ic.orderIndex"
    ):
        if item in wanted:
            people[item].append(str(last) if one_field else f"{last or ''}, {first or ''}")
    reading = Reading()
    for item, key, kind in items:
        reading.add(_entry(str(key), str(kind), fields[item], people[item]))
    return reading


def _entry(key: str, kind: str, fields: dict[str, str], people: list[str]) -> Entry:
    def get(*keys: str) -> str:
        return next((fields[k] for k in keys if fields.get(k)), "")

    # "Extra" holds what Zotero has no field for, one "PMID: 123" a line.
    extra, url = get("extra"), get("url")
    return Entry(
        title=get("title"),
        authors=names(people),
        year=year_in(get("date")),
        journal=get("publicationTitle", "journalAbbreviation", "bookTitle"),
        volume=get("volume"),
        issue=get("issue"),
        pages=pages_of(get("pages")),
        doi=doi_in(get("DOI"), extra, url),
        pmid=bare_pmid(get("PMID")) or pmid_in(extra, url),
        pmcid=pmcid_in(get("PMCID"), extra, url),
        url=url,
        type=kind,
        key=key,
    )


def fetch_zotero(
    library: str,
    *,
    collection: str = "",
    client: WebClient | None = None,
    api: str = API,
) -> Bibliography:
    """Read a library from Zotero's web API.

    Parameters
    ----------
    library : str
        ``users/123456`` or ``groups/123456``, as zotero.org shows it. A private library needs
        its key in the environment variable ``ZOTERO_API_KEY``.
    collection : str, optional
        Key of a collection (eight characters), not its name.
    client : WebClient, optional
    api : str
        Another server, for tests.

    Raises
    ------
    UsageError, SourceError
    """
    kind, _, number = library.strip("/").partition("/")
    if kind not in ("users", "groups") or not (number.isascii() and number.isdecimal()):
        raise UsageError(
            f"{library[:60]!r} is no Zotero library", "Write users/NUMBER or groups/NUMBER."
        )
    if collection and not (collection.isascii() and collection.isalnum()):
        raise UsageError(f"{collection[:60]!r} is no key of a Zotero collection")
    place = f"{api}/{kind}/{number}{f'/collections/{collection}' if collection else ''}/items/top"
    secret = os.environ.get(KEY, "")
    client = client or WebClient()
    reading = Reading()
    start = empty = 0
    # Notes and attachments are left out of a page, so it may be short, or for once empty.
    while empty < 2:
        answer = client.get(
            place,
            {
                "v": "3", "format": "csljson", "limit": str(PAGE), "start": str(start),
                "sort": "dateAdded", "direction": "asc",
            },
            secrets={"key": secret} if secret else None,
        ).json()  # fmt: skip
        items: Any = answer.get("items") if isinstance(answer, dict) else answer
        if not isinstance(items, list):
            raise UsageError("Zotero's answer holds no items", "Check the number of the library.")
        for item in items:
            if isinstance(item, dict):
                reading.add(replace(csl_entry(item), line=0))
            else:
                reading.lose(0, "an item of Zotero's answer cannot be read")
        start += PAGE
        empty = 0 if items else empty + 1
        if start > MAX_ENTRIES:
            raise UsageError(f"the library has more than {MAX_ENTRIES:,} items", "Name a part.")
    return finished(reading, f"zotero.org {kind}/{number}", "Zotero")
