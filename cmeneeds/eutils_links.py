"""Answers of elink, of whatever ``cmd``: links between records, and to pages outside NCBI."""

from __future__ import annotations

from typing import Any

from cmeneeds.eutils_xml import Value, answer_of, strings_in, text_at, texts_at, whole_number


class Link(Value, frozen=True):
    """A linked record."""

    id: str
    score: int | None = None
    """Of ``neighbor_score``: the higher, the closer; not comparable between sources."""


class LinkGroup(Value, frozen=True):
    """The links of one kind to one database."""

    db_to: str
    name: str
    links: tuple[Link, ...] = ()
    query_key: str = ""
    """Of ``neighbor_history``: where on the history server the links lie."""
    info: str = ""
    """Such as ``Empty result``, or an error of this kind of link alone."""


class LinkInfo(Value, frozen=True):
    """Of ``acheck``: a kind of link that a record has."""

    db_to: str
    name: str
    menu: str = ""
    html: str = ""
    url: str = ""
    priority: int = 0


class IdCheck(Value, frozen=True):
    """Of ``acheck``, ``ncheck`` and ``lcheck``: what links a record has."""

    id: str
    has_neighbor: bool | None = None
    has_linkout: bool | None = None
    links: tuple[LinkInfo, ...] = ()


class Url(Value, frozen=True):
    """Of ``llinks``, ``llinkslib`` and ``prlinks``: a page outside NCBI about a record."""

    url: str
    provider: str = ""
    provider_abbreviation: str = ""
    name: str = ""
    categories: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """Such as ``free resource`` or ``subscription/membership/fee required``."""


class IdUrls(Value, frozen=True):
    """The pages of one record."""

    id: str
    urls: tuple[Url, ...] = ()
    info: str = ""
    """Such as ``No links``."""


class LinkSet(Value, frozen=True):
    """Links from one record, or from several where they were asked for together."""

    db_from: str
    ids: tuple[str, ...] = ()
    groups: tuple[LinkGroup, ...] = ()
    web_env: str = ""
    checks: tuple[IdCheck, ...] = ()
    urls: tuple[IdUrls, ...] = ()
    error: str = ""

    def to(self, name: str) -> tuple[str, ...]:
        """Return the linked identifiers of one kind of link, such as ``pubmed_pmc``."""
        return tuple(k.id for g in self.groups if g.name == name for k in g.links)


def parse_elink(body: bytes) -> tuple[LinkSet, ...]:
    """Read an answer of elink, of whatever ``cmd``.

    Where identifiers were sent one ``id`` parameter each, there is one set for each of them, in
    the order of the service, which need not be the order sent. JSON is read for ``neighbor``,
    ``neighbor_score`` and ``neighbor_history``.

    Raises
    ------
    SourceError
        As :func:`check_answer`; NotAnXmlAnswer also for the answer of another utility.
    """
    found = answer_of(body, "elink", "eLinkResult", "linksets")
    if isinstance(found, dict):
        sets = found["linksets"]
        return tuple(_json_links(s) for s in sets or () if isinstance(s, dict))
    return tuple(
        LinkSet(
            text_at(s, "DbFrom"),
            texts_at(s, "IdList/Id"),
            tuple(_group(g) for g in s if g.tag in ("LinkSetDb", "LinkSetDbHistory")),
            text_at(s, "WebEnv"),
            tuple(_check(c) for c in s.iterfind("IdCheckList/*") if c.tag in ("Id", "IdLinkSet")),
            tuple(_id_urls(u) for u in s.iterfind("IdUrlList/IdUrlSet")),
            text_at(s, "ERROR") or text_at(s, "IdCheckList/ERROR") or text_at(s, "IdUrlList/ERROR"),
        )
        for s in found.iterfind("LinkSet")
    )


def _group(element: Any) -> LinkGroup:
    links = []
    for link in element.iterfind("Link"):
        score = link.findtext("Score")
        links.append(Link(text_at(link, "Id"), whole_number(score) if score else None))
    return LinkGroup(
        text_at(element, "DbTo"),
        text_at(element, "LinkName"),
        tuple(links),
        text_at(element, "QueryKey"),
        text_at(element, "ERROR") or text_at(element, "Info"),
    )


def _check(element: Any) -> IdCheck:
    if element.tag == "Id":
        yes = {"Y": True, "N": False}
        return IdCheck(
            (element.text or "").strip(),
            yes.get(element.get("HasNeighbor", "")),
            yes.get(element.get("HasLinkOut", "")),
        )
    links = tuple(
        LinkInfo(
            text_at(i, "DbTo"),
            text_at(i, "LinkName"),
            text_at(i, "MenuTag"),
            text_at(i, "HtmlTag"),
            text_at(i, "Url"),
            whole_number(i.findtext("Priority")),
        )
        for i in element.iterfind("LinkInfo")
    )
    return IdCheck(text_at(element, "Id"), bool(links), None, links)


def _id_urls(element: Any) -> IdUrls:
    return IdUrls(
        text_at(element, "Id"),
        tuple(
            Url(
                text_at(o, "Url"),
                text_at(o, "Provider/Name"),
                text_at(o, "Provider/NameAbbr"),
                text_at(o, "LinkName"),
                texts_at(o, "Category"),
                texts_at(o, "SubjectType"),
                texts_at(o, "Attribute"),
            )
            for o in element.iterfind("ObjUrl")
        ),
        text_at(element, "Info"),
    )


def _json_links(value: dict[str, Any]) -> LinkSet:
    groups = [g for g in value.get("linksetdbs") or () if isinstance(g, dict)]
    groups += [g for g in value.get("linksetdbhistories") or () if isinstance(g, dict)]
    return LinkSet(
        str(value.get("dbfrom") or ""),
        strings_in(value.get("ids")),
        tuple(
            LinkGroup(
                str(g.get("dbto") or ""),
                str(g.get("linkname") or ""),
                tuple(
                    Link(str(k.get("id", "")), whole_number(k["score"]) if "score" in k else None)
                    if isinstance(k, dict)
                    else Link(str(k))
                    for k in g.get("links") or ()
                ),
                str(g.get("querykey") or ""),
                str(g.get("error") or g.get("info") or ""),
            )
            for g in groups
        ),
        str(value.get("webenv") or ""),
    )
