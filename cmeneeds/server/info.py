"""einfo: what the database is, which search fields it has, and where its records lead."""

from __future__ import annotations

from typing import Any

from cmeneeds.errors import QuerySyntaxError, QueryUnsupported
from cmeneeds.library.tags import DATE_FIELDS, FIELDS, resolve_tag
from cmeneeds.server.desk import Desk
from cmeneeds.server.pubmed_out import escape
from cmeneeds.server.text_out import day

DATABASES_XML = "<DbList><DbName>pubmed</DbName></DbList>"
DATABASES_JSON = {"dblist": ["pubmed"]}

_LINKS = {
    "pubmed_pubmed": ("Related Citations", "Related records, where PubMed was asked", "pubmed"),
    "pubmed_pmc": ("PMC Links", "Free full text of the record in PMC", "pmc"),
    "pubmed_pubmed_citedin": ("Cited In", "Records of this library that cite the record", "pubmed"),
    "pubmed_pubmed_refs": ("References", "PMIDs in the reference list of the record", "pubmed"),
}
_PUBMED_NAMES = {
    "ti": "TITL", "tw": "WORD", "mh": "MESH", "sh": "SUBH", "pt": "PTYP", "nm": "SUBS",
    "la": "LANG", "au": "AUTH", "ta": "JOUR", "ad": "AFFL", "ot": "OTRM", "pmid": "UID",
    "sb": "FILT", "dp": "PDAT", "ppdat": "PPDT", "epdat": "EPDT", "lr": "MDAT",
}  # fmt: skip


def _fields() -> list[dict[str, str]]:
    """Describe the search fields, each by a name that works as its tag here."""
    listed = []
    for key, label in FIELDS.items():
        if key.endswith(":noexp"):
            continue
        name = _PUBMED_NAMES.get(key, key.upper())
        try:
            resolve_tag(name, 0)
        except (QuerySyntaxError, QueryUnsupported):
            name = key.upper()
        listed.append(
            {
                "name": name,
                "fullname": label,
                "description": f"{label} of the record",
                "termcount": "",
                "isdate": "Y" if key in DATE_FIELDS else "N",
                "isnumerical": "Y" if key == "pmid" else "N",
                "singletoken": "N" if key in ("all", "ti", "ab", "tiab", "tw", "ad") else "Y",
                "hierarchy": "Y" if key in ("mh", "majr", "sh", "pt") else "N",
                "ishidden": "N",
            }
        )
    return listed


_FIELD_NAMES = [
    "Name",
    "FullName",
    "Description",
    "TermCount",
    "IsDate",
    "IsNumerical",
    "SingleToken",
    "Hierarchy",
    "IsHidden",
]


def as_json(desk: Desk) -> dict[str, Any]:
    """Describe the library as ``einforesult`` of JSON."""
    records = len(desk.library)
    (newest,) = desk.db.execute("SELECT coalesce(max(revised), 0) FROM articles").fetchone()
    about = f"PubMed records of a local cmeneeds library ({records:,} records)"
    if desk.shared.notice:
        about = f"{about}. {desk.shared.notice}"
    return {
        "dbinfo": [
            {
                "dbname": "pubmed",
                "menuname": "PubMed",
                "description": about,
                "dbbuild": f"Build-{day(newest)}",
                "count": str(records),
                "lastupdate": day(newest),
                "fieldlist": _fields(),
                "linklist": [
                    {"name": name, "menu": menu, "description": text, "dbto": to}
                    for name, (menu, text, to) in _LINKS.items()
                ],
            }
        ]
    }


_DATABASE = "DbName MenuName Description DbBuild Count LastUpdate"
_FIELD = "Name FullName Description TermCount IsDate IsNumerical SingleToken Hierarchy IsHidden"
_LINK = "Name Menu Description DbTo"


def _elements(names: str, values: dict[str, Any]) -> str:
    return "".join(f"<{n}>{escape(values[n.lower()])}</{n}>" for n in names.split())


def as_xml(desk: Desk) -> str:
    """Describe the library as a ``DbInfo`` element."""
    (about,) = as_json(desk)["dbinfo"]
    fields = "".join(f"<Field>{_elements(_FIELD, f)}</Field>\n" for f in about["fieldlist"])
    links = "".join(f"<Link>{_elements(_LINK, one)}</Link>\n" for one in about["linklist"])
    return (
        f"<DbInfo>{_elements(_DATABASE, about)}<FieldList>{fields}</FieldList>"
        f"<LinkList>{links}</LinkList></DbInfo>"
    )
