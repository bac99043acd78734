"""What the E-utilities can answer instead of what was asked for, and how it is told.

:func:`check_answer` looks at every body before anything else does.

``retryable`` says whether the same request, sent again after a pause, can succeed. Messages quote
the service in at most a line, without keys, e-mail addresses or control characters.

    SourceError
    ├── SourceUnavailable             the service cannot be reached or refuses, for now
    │   ├── RateLimited               retry    too many requests; says how long to wait, if told
    │   ├── BackendFailed             retry    a server behind the service failed
    │   └── AnswerCutShort            retry    the body is empty or ends too early
    ├── NotAnXmlAnswer                retry    an HTML page, or XML or JSON that cannot be read
    ├── EntrezRefused                 no       any other error that the service states
    │   ├── HistoryExpired            no       the history is gone: search or post again
    │   ├── TooManyResults            no       beyond the first 9,999 results: split the search
    │   ├── NoSuchDatabase            no       the database name is unknown
    │   └── EmptyIdList               no       no identifier was valid
    └── FullTextNotAvailable          no       PMC may not give out this full text
"""

from __future__ import annotations

import html
import json
import re
from typing import Any, ClassVar, NoReturn

from lxml import etree

from cmeneeds.errors import SourceError, SourceUnavailable

_SECRET = re.compile(
    r"""(api[-_]?key|email|webenv)(["'\s]*[:=]["'\s]*)[^\s"'&,;]+""", re.IGNORECASE
)
_EMAIL = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,255}")
_QUOTE = 160


def quoted(text: str) -> str:
    """Make one harmless line of what a service said.

    Control characters go, white space is folded, keys and e-mail addresses are masked, and the
    line is cut at 160 characters.

    Examples
    --------
    >>> quoted('{"error":"API rate limit exceeded","api-key":"0123abc"}')
    '{"error":"API rate limit exceeded","api-key":"..."}'
    """
    # Look at a little more than is shown, so that no cut secret escapes its pattern.
    line = " ".join(text[: 8 * _QUOTE].split())
    line = "".join(c for c in line if c.isprintable())
    line = _EMAIL.sub("...", _SECRET.sub(r"\1\2...", line))
    return line if len(line) <= _QUOTE else line[: _QUOTE - 3] + "..."


class _AskLater(SourceUnavailable):
    """The service may say when to ask again.

    Parameters
    ----------
    what, todo : str
        As in :class:`~cmeneeds.errors.CmeneedsError`.
    retry_after : float, optional
        Seconds that the service asks to wait; None where it does not say.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, what: str, todo: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(what, todo)


class RateLimited(_AskLater):
    """Too many requests from this address or key."""


class BackendFailed(_AskLater):
    """A server behind the service failed; NCBI often says so with status 200."""


class AnswerCutShort(SourceUnavailable):
    """The body is empty, or ends before its closing tag or bracket."""

    retryable: ClassVar[bool] = True


class NotAnXmlAnswer(SourceError):
    """An HTML page, or something that is neither readable XML nor readable JSON."""

    retryable: ClassVar[bool] = True


class EntrezRefused(SourceError):
    """The service states an error that the same request would meet again."""

    retryable: ClassVar[bool] = False


class HistoryExpired(EntrezRefused):
    """The history server no longer holds the result: the search or post must be repeated."""


class TooManyResults(EntrezRefused):
    """The request reaches beyond the first 9,999 results of a PubMed or PMC search."""


class NoSuchDatabase(EntrezRefused):
    """There is no Entrez database of that name."""


class EmptyIdList(EntrezRefused):
    """None of the identifiers sent is valid, or none was sent."""


class FullTextNotAvailable(SourceError):
    """The publisher does not let PMC give out the full text as XML, or there is no such article.

    Parameters
    ----------
    what, todo : str
        As in :class:`~cmeneeds.errors.CmeneedsError`.
    id : str, optional
        The article, such as ``PMC3258215``; empty where the answer does not say.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, what: str, todo: str = "", id: str = "") -> None:
        self.id = id
        super().__init__(what, todo)


# --- is it an answer at all? --------------------------------------------------------------------

_HEAD = re.compile(r"\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*(?:<!doctype\s+html|<html\b)", re.I | re.S)
_TITLE = re.compile(r"<title[^>]*>(.{1,300}?)</title>", re.IGNORECASE | re.DOTALL)
_ROOT_TAG = re.compile(rb"<([A-Za-z_][\w.:-]*)(?=[\s/>])")
_ONE_RECORD = re.compile(r"cannot get document summary|UID=\S+: |invalid uid\b", re.IGNORECASE)
# First match counts: the limit of 9,999 is reported as a failure of the search backend.
_KNOWN: tuple[tuple[re.Pattern[str], type[SourceError], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, todo)
    for pattern, kind, todo in (
        (
            r"'?retstart'? cannot be larger than|can only retrieve the first 9,?999",
            TooManyResults,
            "Split the search by date or UID",
        ),
        (
            r"rate limit exceeded|too many requests",
            RateLimited,
            "Wait, or set an NCBI API key for 10 requests a second",
        ),
        (
            r"unable to obtain query|cannot retrieve history data|(?:webenv|history).*expired",
            HistoryExpired,
            "Search again: the history server keeps results for some hours only",
        ),
        (
            r"invalid db name|database is not (?:found|valid)|unknown database",
            NoSuchDatabase,
            "Check the name of the database",
        ),
        (
            r"id list is empty|empty id list|empty result - nothing",
            EmptyIdList,
            "Check the identifiers",
        ),
        (
            (
                r"(?:search )?backend|database is not supported|NCBI C\+\+ Exception|"
                r"(?:\w+ )?(?:server error|unavailable)|(?:error forwarding|unable to route) req"
            ),
            BackendFailed,
            "Try again later",
        ),
    )
)


def check_answer(
    body: bytes,
    content_type: str | None = "",
    status: int = 200,
    *,
    retry_after: float | None = None,
) -> None:
    """Raise a typed error unless the body is an answer that can be read.

    Parameters
    ----------
    body : bytes
        The whole body.
    content_type : str, optional
        Value of the header. ``text/plain`` lets text through that is neither XML nor JSON, as
        efetch gives for MEDLINE and MeSH; so does an unknown type.
    status : int
        HTTP status. NCBI sends errors with status 200 too; the body is always looked at.
    retry_after : float, optional
        Seconds from the header ``Retry-After``, handed on in :class:`RateLimited` and
        :class:`BackendFailed`.

    Raises
    ------
    RateLimited, BackendFailed, AnswerCutShort, NotAnXmlAnswer, HistoryExpired, TooManyResults,
    NoSuchDatabase, EmptyIdList, EntrezRefused
        See :mod:`cmeneeds.entrez_errors`. An answer without results is no error.
    """
    load_answer(body, content_type or "", status, retry_after)


def xml_root(body: bytes, *, keep_comments: bool = False) -> Any:
    """Parse XML that nobody vouches for and return its root element.

    Entities are left unexpanded, DTDs unread; libxml2's own limits hold (256 levels, 10 MB in a
    text node).

    Raises
    ------
    AnswerCutShort
        If it ends before its root element does.
    NotAnXmlAnswer
        If it is not well-formed, or beyond the limits.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=not keep_comments,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        said = quoted(str(error))
    name = _ROOT_TAG.search(body)
    if name is None or not re.search(rb"</" + re.escape(name.group(1)) + rb"\s*>", body[-4096:]):
        what = f"the XML ends before its last tag ({len(body):,} bytes)"
        raise AnswerCutShort(what, "Ask again")
    raise NotAnXmlAnswer(f"the XML cannot be read: {said}", "Ask again")


def load_answer(
    body: bytes, content_type: str = "", status: int = 200, retry_after: float | None = None
) -> Any:
    """Return the XML root, the JSON value or the text; raise as :func:`check_answer` does."""
    head = body[:4096].decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    try:
        if _HEAD.match(head):
            raise _page(head)
        if head.startswith("<"):
            found: Any = xml_root(body)
            _raise_stated(_stated_in_xml(found), retry_after)
        elif head.startswith(("{", "[")):
            found = _json(body)
            _raise_stated(_stated_in_json(found), retry_after)
        else:
            found = _text(body, head, content_type, retry_after)
    except (NotAnXmlAnswer, AnswerCutShort) as error:
        _raise_status(status, str(error), retry_after)
        raise
    said = head if isinstance(found, str) else ""
    _raise_status(status, said, retry_after)
    return found


def _raise_status(status: int, said: str, retry_after: float | None) -> None:
    """Raise for a status that means failure, where the body did not say more."""
    what = f"the service answered with HTTP status {status}"
    if said:
        what += f": {quoted(said)}"
    if status == 429:
        raise RateLimited(what, "Wait and ask again", retry_after)
    if status in (408, 425) or status >= 500:
        raise BackendFailed(what, "Try again later", retry_after)
    if status >= 400:
        raise EntrezRefused(what, "Check the request")


def _page(head: str) -> NotAnXmlAnswer:
    title = _TITLE.search(head)
    named = f" titled {quoted(html.unescape(title.group(1)))!r}" if title else ""
    return NotAnXmlAnswer(f"the answer is an HTML page{named}", "Try again later")


def _json(body: bytes) -> Any:
    try:
        # NCBI leaves line breaks of error messages bare inside strings: not strict.
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        if not body.rstrip().endswith((b"}", b"]")):
            what = f"the JSON ends before its last bracket ({len(body):,} bytes)"
            raise AnswerCutShort(what, "Ask again") from None
        what = f"the JSON cannot be read: {quoted(str(error))}"
        raise NotAnXmlAnswer(what, "Ask again") from None


def _text(body: bytes, head: str, content_type: str, retry_after: float | None) -> str:
    if not head:
        raise AnswerCutShort("the answer is empty", "Ask again")
    # Messages stand alone; the words of an abstract must not be taken for one.
    first = head.partition("\n")[0]
    if len(body) < 2000:
        for pattern, kind, todo in _KNOWN:
            if pattern.match(re.sub(r"^\s*(?:error|exception)\W+", "", first, flags=re.I)):
                _raise_known(kind, head, todo, retry_after)
    if re.search(r"\b(?:xml|json|html)\b", content_type, re.IGNORECASE):
        raise NotAnXmlAnswer(f"the answer is plain text: {quoted(first)}", "Ask again")
    return body.decode("utf-8", "replace").removeprefix("\ufeff")


def _stated_in_xml(root: Any) -> list[str]:
    """Messages that stand for the whole answer."""
    names = ("ERROR", "error", "Error")
    if root.tag in names:
        return ["".join(root.itertext())]
    if root.tag == "eSpellResult" or (root.tag == "ePostResult" and root.findtext("WebEnv")):
        # espell puts its remark beside a result; epost keeps the good identifiers.
        return []
    places = [root, *root.iterfind("DocumentSummarySet")]
    return ["".join(e.itertext()) for place in places for e in place if e.tag in names]


def _stated_in_json(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    found: list[Any] = [value.get("error"), value.get("ERROR")]
    for name, inner in value.items():
        if name == "esummaryresult" and isinstance(inner, list):
            found += inner
        elif name.endswith("result") and isinstance(inner, dict):
            found += [inner.get("ERROR"), inner.get("error")]
    return [f for f in found if isinstance(f, str)]


def _raise_stated(messages: list[str], retry_after: float | None) -> None:
    # What concerns one record is for the reader of the answer: the others are still good.
    said = "; ".join(m.strip() for m in messages if m.strip() and not _ONE_RECORD.match(m.strip()))
    if not said:
        return
    for pattern, kind, todo in _KNOWN:
        if pattern.search(said):
            _raise_known(kind, said, todo, retry_after)
    raise EntrezRefused(f"the service answered with an error: {quoted(said)}")


def _raise_known(
    kind: type[SourceError], said: str, todo: str, retry_after: float | None
) -> NoReturn:
    what = f"the service answered with an error: {quoted(said)}"
    if issubclass(kind, _AskLater):
        raise kind(what, todo, retry_after)
    raise kind(what, todo)
