"""elink: where records of the library lead, as far as it knows.

Offered are ``pubmed_pubmed_refs`` (the PMIDs in a record's reference list, stored here or not),
``pubmed_pubmed_citedin`` (records of this library that list it), ``pubmed_pmc`` and its reverse
``pmc_pubmed``; to these comes what the library was told by PubMed's own elink
(:mod:`cmeneeds.library.beside`), with ``pubmed_pubmed``, related articles, which only PubMed can
tell. LinkOut and other databases are not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cmeneeds.library.beside import linking_to, stored_links
from cmeneeds.server.asked import Asked, Refused
from cmeneeds.server.desk import Desk, pmc_number

_COMMANDS = ("neighbor", "neighbor_history", "ncheck")
_NAMES = {
    ("pubmed", "pubmed"): ("pubmed_pubmed", "pubmed_pubmed_citedin", "pubmed_pubmed_refs"),
    ("pubmed", "pmc"): ("pubmed_pmc",),
    ("pmc", "pubmed"): ("pmc_pubmed",),
}


@dataclass
class _LinkSet:
    ids: tuple[int, ...]
    links: dict[str, list[int]]
    keys: dict[str, int] = field(default_factory=dict)


@dataclass
class Linked:
    """An answer of elink, to be written in either format."""

    db_from: str
    db_to: str
    command: str
    sets: list[_LinkSet] = field(default_factory=list)
    web_env: str = ""

    def as_xml(self) -> str:
        """Write the ``LinkSet`` elements."""
        return "\n" + "".join(f"<LinkSet>{self._xml(s)}</LinkSet>\n" for s in self.sets)

    def _xml(self, one: _LinkSet) -> str:
        head = f"<DbFrom>{self.db_from}</DbFrom>"
        if self.command == "ncheck":
            has = {i for ids in one.links.values() for i in ids}
            checked = "".join(
                f'<Id HasNeighbor="{"Y" if i in has else "N"}">{i}</Id>' for i in one.ids
            )
            return f"{head}<IdCheckList>{checked}</IdCheckList>"
        head += f"<IdList>{''.join(f'<Id>{i}</Id>' for i in one.ids)}</IdList>"
        to = f"<DbTo>{self.db_to}</DbTo>"
        if self.command == "neighbor_history":
            kept = "".join(
                f"<LinkSetDbHistory>{to}<LinkName>{name}</LinkName>"
                + (
                    f"<QueryKey>{one.keys[name]}</QueryKey>"
                    if name in one.keys
                    else "<Info>Empty result</Info>"
                )
                + "</LinkSetDbHistory>"
                for name in one.links
            )
            return f"{head}{kept}" + (f"<WebEnv>{self.web_env}</WebEnv>" if self.web_env else "")
        return head + "".join(
            f"<LinkSetDb>{to}<LinkName>{name}</LinkName>"
            f"{''.join(f'<Link><Id>{i}</Id></Link>' for i in found)}</LinkSetDb>"
            for name, found in one.links.items()
            if found
        )

    def as_json(self) -> list[dict[str, Any]]:
        """Return the link sets as JSON has them."""
        listed = []
        for one in self.sets:
            entry: dict[str, Any] = {"dbfrom": self.db_from}
            if self.command == "ncheck":
                has = {i for ids in one.links.values() for i in ids}
                entry["idchecklist"] = {
                    "ids": [{"value": str(i), "hasneighbor": str(i in has)[0]} for i in one.ids]
                }
                listed.append(entry)
                continue
            entry["ids"] = [str(i) for i in one.ids]
            if self.command == "neighbor_history":
                entry["linksetdbhistories"] = [
                    {"dbto": self.db_to, "linkname": name, "querykey": str(key)}
                    for name, key in one.keys.items()
                ]
                entry["webenv"] = self.web_env
            else:
                entry["linksetdbs"] = [
                    {"dbto": self.db_to, "linkname": name, "links": [str(i) for i in found]}
                    for name, found in one.links.items()
                    if found
                ]
            listed.append(entry)
        return listed


def _follow(desk: Desk, name: str, ids: Sequence[int]) -> dict[int, list[int]]:
    """Return what each identifier leads to: what records say, and what PubMed's elink said."""
    found = _in_records(desk, name, ids)
    if name == "pmc_pubmed":
        told = {i: list(pmids) for i, pmids in linking_to(desk.library, "pubmed_pmc", ids).items()}
    else:
        kept = stored_links(desk.library, name, ids)
        told = {i: [k.target for k in links] for i, links in kept.items()}
    return {i: list(dict.fromkeys([*found.get(i, ()), *told.get(i, ())])) for i in {*found, *told}}


def _in_records(desk: Desk, name: str, ids: Sequence[int]) -> dict[int, list[int]]:
    """Return what the records themselves tell of where each identifier leads."""
    if name == "pubmed_pubmed":
        return {}
    if name == "pubmed_pubmed_citedin":
        citing = desk.shared.links(desk.db).citing
        return {i: list(citing[i]) for i in ids if i in citing}
    if name == "pmc_pubmed":
        of_pmc = desk.shared.links(desk.db).of_pmc
        return {i: [of_pmc[i]] for i in ids if i in of_pmc}
    found: dict[int, list[int]] = {}
    for a in desk.library.get_many(ids):
        if name == "pubmed_pubmed_refs":
            found[a.pmid] = list(a.references)
        elif (number := pmc_number(a.pmcid)) is not None:
            found[a.pmid] = [number]
    return found


def elink(asked: Asked, desk: Desk) -> Linked:
    """Answer an elink request.

    Raises
    ------
    Refused
        For databases, commands and link names that a library does not know.
    """
    db_from, db_to = asked.text("dbfrom", "pubmed").lower(), asked.text("db", "pubmed").lower()
    command = asked.choice("cmd") or "neighbor"
    names = _NAMES.get((db_from, db_to))
    if names is None:
        bad = db_to if db_from in ("pubmed", "pmc") else db_from
        raise Refused(f"Invalid db name specified: {bad[:60]}")
    if command not in _COMMANDS:
        raise Refused(f"cmd={command[:40]} is not supported here; use {', '.join(_COMMANDS)}")
    if wanted := asked.text("linkname").lower():
        if wanted not in names:
            raise Refused(f"linkname={wanted[:60]} is not supported here; use {', '.join(names)}")
        names = (wanted,)
    lists = [one.known for one in asked.id_lists()]
    if not lists and (kept := desk.from_history(asked)) is not None:
        lists = [tuple(kept.pmids[:10_000])]
    if not any(lists):
        raise Refused("Empty id list - nothing todo")
    linked = Linked(db_from, db_to, command, web_env=asked.text("webenv"))
    if command == "neighbor_history" and desk.history.get(linked.web_env, 1) is None:
        linked.web_env = ""
    for ids in lists:
        links: dict[str, list[int]] = {}
        for name in names:
            found = _follow(desk, name, ids)
            if command == "ncheck":
                links[name] = [i for i, targets in found.items() if targets]
            else:
                listed = dict.fromkeys(t for ts in found.values() for t in ts)
                # Related articles come the closest first, others the newest first.
                ranked = name == "pubmed_pubmed"
                links[name] = list(listed) if ranked else sorted(listed, reverse=True)
        one = _LinkSet(ids, links)
        if command == "neighbor_history":
            for name, targets in links.items():
                if targets:
                    linked.web_env, one.keys[name] = desk.history.add(targets, linked.web_env)
        linked.sets.append(one)
    return linked
