"""Answers of the E-utilities: every form read, every failure told by its type.

All bodies written in this file are made up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmeneeds import entrez_errors as errors
from cmeneeds import eutils_xml
from cmeneeds.errors import CmeneedsError, SourceError, SourceUnavailable
from cmeneeds.eutils_info import parse_einfo
from cmeneeds.eutils_links import Link, parse_elink
from cmeneeds.eutils_xml import (
    Translation,
    check_answer,
    parse_egquery,
    parse_epost,
    parse_esearch,
    parse_espell,
    parse_esummary,
)

XML = "text/xml; charset=UTF-8"
JSON = "application/json; charset=UTF-8"
TEXT = "text/plain; charset=UTF-8"


# --- what is no answer --------------------------------------------------------------------------

# With a line break that is bare inside a JSON string, as the service writes it.
BEYOND = (
    b"Search Backend failed: Exception:\n'retstart' cannot be larger than 9998. For PubMed, ..."
)

FAILURES: list[tuple[str, bytes, str, int, type[SourceError]]] = [
    ("limit", b'{"error":"API rate limit exceeded","count":"4","limit":"3"}', JSON, 429,
     errors.RateLimited),
    ("limit with 200", b'{"error":"API rate limit exceeded","api-key":"k3y","count":"11"}', JSON,
     200, errors.RateLimited),
    ("limit as page", b"<html><title>Slow down</title></html>", "text/html", 429,
     errors.RateLimited),
    ("limit without body", b"", "", 429, errors.RateLimited),
    ("page", b"<!DOCTYPE html>\n<html><head><title>Oops</title></head></html>", "text/html", 200,
     errors.NotAnXmlAnswer),
    ("page after a prolog", b'<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE html>\n<html/>',
     XML, 200, errors.NotAnXmlAnswer),
    ("page with 502", b"<html><body>Bad Gateway</body></html>", "text/html", 502,
     errors.BackendFailed),
    ("500 without body", b"", "", 500, errors.BackendFailed),
    ("404", b"<html><title>Not Found</title></html>", "text/html", 404, errors.EntrezRefused),
    ("414", b"URI too long", "text/plain", 414, errors.EntrezRefused),
    ("backend as text", b"Search Backend failed: Database is not supported: pubmed", TEXT, 200,
     errors.BackendFailed),
    ("backend as XML", b"<r><ERROR>Search Backend failed: no reply</ERROR></r>", XML, 200,
     errors.BackendFailed),
    ("backend as JSON", b'{"header":{},"esearchresult":{"ERROR":"Search Backend failed: x"}}', JSON,
     200, errors.BackendFailed),
    ("history bare", b"<ERROR>Unable to obtain query #1</ERROR>", XML, 200, errors.HistoryExpired),
    ("history", b"<r><ERROR>Unable to obtain query #1</ERROR></r>", XML, 200,
     errors.HistoryExpired),
    ("history as text", b"Error: Cannot retrieve history data. query_key: 1", TEXT, 400,
     errors.HistoryExpired),
    ("beyond 9,998", b'{"esearchresult":{"ERROR":"' + BEYOND + b'"}}', JSON, 200,
     errors.TooManyResults),
    ("beyond 9,998 as XML", b"<r><ERROR>" + BEYOND + b"</ERROR></r>", XML, 200,
     errors.TooManyResults),
    ("no ids", b"<r><ERROR>ID list is empty! Possibly it has no correct IDs.</ERROR></r>", XML, 400,
     errors.EmptyIdList),
    ("no ids as text", b"ID list is empty! Possibly it has no correct IDs.", TEXT, 400,
     errors.EmptyIdList),
    ("no such database", b'{"header":{},"esummaryresult":["Invalid db name specified: made up"]}',
     JSON, 200, errors.NoSuchDatabase),
    ("some other error", b"<eLinkResult><ERROR>No such link</ERROR></eLinkResult>", XML, 200,
     errors.EntrezRefused),
    ("empty", b"", XML, 200, errors.AnswerCutShort),
    ("white space", b" \n\n", XML, 200, errors.AnswerCutShort),
    ("cut in a tag", b"<?xml version='1.0'?><eSearchResult><Cou", XML, 200, errors.AnswerCutShort),
    ("cut before the end", b"<eSearchResult><Count>1</Count>", XML, 200, errors.AnswerCutShort),
    ("cut in the prolog", b'<?xml version="1.0"', XML, 200, errors.AnswerCutShort),
    ("cut JSON", b'{"esearchresult": {"count": "1", "idlist": ["1"', JSON, 200,
     errors.AnswerCutShort),
    ("broken XML", b"<a><b></a></b></a>", XML, 200, errors.NotAnXmlAnswer),
    ("broken JSON", b'{"a": }', JSON, 200, errors.NotAnXmlAnswer),
    ("control character", b"<a>\x01</a>", XML, 200, errors.NotAnXmlAnswer),
    ("text for XML", b"nothing to see", XML, 200, errors.NotAnXmlAnswer),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "content_type", "status", "expected"),
    [f[1:] for f in FAILURES],
    ids=[f[0] for f in FAILURES],
)
def test_every_failure_has_its_type(
    body: bytes, content_type: str, status: int, expected: type[SourceError]
) -> None:
    with pytest.raises(SourceError) as caught:
        check_answer(body, content_type, status)
    assert type(caught.value) is expected
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 400
    assert "k3y" not in line


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<eSearchResult><Count>0</Count><IdList/></eSearchResult>", XML),
        (b"\xef\xbb\xbf<PubmedArticleSet></PubmedArticleSet>\n<!-- the end -->\n", XML),
        (b'{"esearchresult":{"count":"0","idlist":[]}}', JSON),
        (b"PMID- 1\nTI  - Made up\n", TEXT),
        (b"1: Made-up Heading\nA note.\n", ""),
        (b"TI  - How a search backend failed: a made-up report\n", TEXT),
        (b"<a><t>ERROR: Search Backend failed, says this made-up title</t></a>", XML),
        (b"<eSpellResult><Query>x</Query><ERROR/></eSpellResult>", XML),
    ],
)
def test_good_answers_pass(body: bytes, content_type: str) -> None:
    check_answer(body, content_type, 200)
    check_answer(body, None)


def test_error_classes_say_whether_to_try_again() -> None:
    retry = {errors.RateLimited, errors.BackendFailed, errors.AnswerCutShort, errors.NotAnXmlAnswer}
    classes = {
        c
        for name, c in vars(errors).items()
        if not name.startswith("_") and isinstance(c, type) and issubclass(c, CmeneedsError)
    } - {SourceError, SourceUnavailable}
    assert len(classes) == 10
    for kind in classes:
        assert issubclass(kind, SourceError)
        made = kind("what happened", "what to do")
        assert made.retryable is (kind in retry)
        assert str(made) == "what happened. what to do"
    with pytest.raises(errors.RateLimited) as caught:
        check_answer(b'{"error":"API rate limit exceeded"}', JSON, 429, retry_after=2.5)
    assert caught.value.retry_after == 2.5


def test_messages_hide_secrets_and_control_codes() -> None:
    said = "bad \x1b[31mrequest api_key=0123abcdef&email=someone@example.org WebEnv: MCID_abc " * 9
    body = f"<eSearchResult><ERROR>{said.replace(chr(27), '&#133;')}</ERROR></eSearchResult>"
    body = body.replace("&email", "&amp;email")
    with pytest.raises(errors.EntrezRefused) as caught:
        check_answer(body.encode(), XML)
    line = str(caught.value)
    for secret in ("0123abcdef", "someone", "MCID_abc", "\x1b", "\x85"):
        assert secret not in line
    assert "\x1b" not in errors.quoted(said)


# --- hostile bodies -----------------------------------------------------------------------------

LAUGHS = (
    "<!DOCTYPE r [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 11))
    + "]>"
)

HOSTILE: dict[str, bytes] = {
    "billion laughs": (LAUGHS + "<{0}><Count>&a10;</Count></{0}>").encode(),
    "laughs in an attribute": (LAUGHS + "<{0} x='&a10;'></{0}>").encode(),
    "external entity": b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    b"<{0}><Count>&x;</Count></{0}>",
    "external DTD": b"<!DOCTYPE r SYSTEM 'http://192.0.2.1/x.dtd'><{0}><Count>1</Count></{0}>",
    "parameter entity": b"<!DOCTYPE r [<!ENTITY % x SYSTEM 'http://192.0.2.1/x'> %x;]>"
    b"<{0}><Count>1</Count></{0}>",
    "deep": b"<{0}>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</{0}>",
    "deep JSON": b'{"{0}":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "long text": b"<{0}><Count>" + b"x" * (50 << 20) + b"</Count></{0}>",
    "long number": b'{"{0}":{"count":' + b"9" * 100_000 + b"}}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_inert_or_refused(name: str) -> None:
    started = time.monotonic()
    root = b"esearchresult" if HOSTILE[name].startswith(b"{") else b"eSearchResult"
    said = ""
    try:
        said = repr(parse_esearch(HOSTILE[name].replace(b"{0}", root)))
    except SourceError as error:
        said = str(error)
    assert 0 < len(said) < 500
    assert "root:" not in said
    assert "haha" not in said
    assert time.monotonic() - started < 10


# --- the values ---------------------------------------------------------------------------------


def test_esearch_reads_the_same_from_xml_and_json() -> None:
    xml = b"""<?xml version="1.0"?><eSearchResult><Count>12</Count><RetMax>2</RetMax>
      <RetStart>4</RetStart><QueryKey>1</QueryKey><WebEnv>MADE_UP</WebEnv>
      <IdList><Id>11</Id><Id>12</Id></IdList>
      <TranslationSet><Translation><From>a</From><To>"a"[MeSH Terms]</To></Translation>
      </TranslationSet><QueryTranslation>"a"[MeSH Terms]</QueryTranslation>
      <ErrorList><PhraseNotFound>zzz</PhraseNotFound><FieldNotFound>qq</FieldNotFound></ErrorList>
      <WarningList><PhraseIgnored>the</PhraseIgnored><QuotedPhraseNotFound>"y y"
      </QuotedPhraseNotFound><OutputMessage>No items found.</OutputMessage></WarningList>
      </eSearchResult>"""
    value = {
        "count": "12", "retmax": "2", "retstart": "4", "querykey": "1", "webenv": "MADE_UP",
        "idlist": ["11", "12"], "translationset": [{"from": "a", "to": '"a"[MeSH Terms]'}],
        "querytranslation": '"a"[MeSH Terms]',
        "errorlist": {"phrasesnotfound": ["zzz"], "fieldsnotfound": ["qq"]},
        "warninglist": {"phrasesignored": ["the"], "quotedphrasesnotfound": ['"y y"'],
                        "outputmessages": ["No items found."]},
    }  # fmt: skip
    found = parse_esearch(xml)
    assert found == parse_esearch(json.dumps({"header": {}, "esearchresult": value}).encode())
    assert (found.count, found.ids, found.retstart) == (12, ("11", "12"), 4)
    assert (found.web_env, found.query_key) == ("MADE_UP", "1")
    assert found.translations == (Translation("a", '"a"[MeSH Terms]'),)
    assert found.quoted_phrases_not_found == ('"y y"',)


def test_summaries_of_all_versions() -> None:
    first = b"""<eSummaryResult><DocSum><Id>7</Id><Item Name="Title" Type="String">Made up</Item>
      <Item Name="AuthorList" Type="List"><Item Name="Author" Type="String">A B</Item></Item>
      <Item Name="ArticleIds" Type="List"><Item Name="doi" Type="String">10.1/x</Item>
      <Item Name="pubmed" Type="String">7</Item></Item></DocSum>
      <ERROR>UID=8: cannot get document summary</ERROR></eSummaryResult>"""
    seven, eight = parse_esummary(first)
    assert seven.fields["title"] == "Made up"
    assert seven.fields["authorlist"] == ("A B",)
    assert seven.fields["articleids"]["doi"] == "10.1/x"
    assert (eight.uid, "cannot get" in eight.error) == ("8", True)
    second = b"""<eSummaryResult><DocumentSummarySet status="OK"><DocumentSummary uid="7">
      <Title>Made up</Title><Authors><Author><Name>A B</Name></Author></Authors>
      </DocumentSummary><DocumentSummary uid="8"><error>cannot get document summary</error>
      </DocumentSummary></DocumentSummarySet></eSummaryResult>"""
    result = {
        "uids": ["7", "8"],
        "7": {"uid": "7", "title": "Made up", "authors": [{"name": "A B"}]},
        "8": {"error": "cannot get document summary"},
    }
    told = parse_esummary(json.dumps({"result": result}).encode())
    assert parse_esummary(second)[0] == told[0]
    assert told[1].error == "cannot get document summary"
    with pytest.raises(TypeError):
        told[0].fields["title"] = "other"  # type: ignore[index]
    only = parse_esummary(b'{"header":{},"error":"Invalid uid zz at position=0"}')
    assert (only[0].uid, only[0].error) == ("zz", "Invalid uid zz at position=0")


def test_posts_keep_good_identifiers() -> None:
    body = b"""<ePostResult><InvalidIdList><Id>x</Id></InvalidIdList><ERROR>Some are invalid</ERROR>
      <QueryKey>2</QueryKey><WebEnv>MADE_UP</WebEnv></ePostResult>"""
    found = parse_epost(body)
    assert (found.web_env, found.query_key, found.invalid_ids) == ("MADE_UP", "2", ("x",))
    assert found.problems == ("Some are invalid",)


def test_links_read_the_same_from_xml_and_json() -> None:
    xml = b"""<eLinkResult><LinkSet><DbFrom>pubmed</DbFrom><IdList><Id>1</Id></IdList>
      <LinkSetDb><DbTo>pmc</DbTo><LinkName>pubmed_pmc</LinkName><Link><Id>5</Id></Link></LinkSetDb>
      <LinkSetDb><DbTo>pubmed</DbTo><LinkName>pubmed_pubmed</LinkName><Link><Id>2</Id>
      <Score>40</Score></Link></LinkSetDb></LinkSet></eLinkResult>"""
    value = {"linksets": [{"dbfrom": "pubmed", "ids": ["1"], "linksetdbs": [
        {"dbto": "pmc", "linkname": "pubmed_pmc", "links": ["5"]},
        {"dbto": "pubmed", "linkname": "pubmed_pubmed", "links": [{"id": "2", "score": "40"}]},
    ]}]}  # fmt: skip
    (found,) = parse_elink(xml)
    assert (found,) == parse_elink(json.dumps(value).encode())
    assert found.to("pubmed_pmc") == ("5",)
    assert found.groups[1].links == (Link("2", 40),)
    assert found.to("pubmed_books") == ()


def test_an_answer_of_another_utility_is_refused() -> None:
    for parse in (parse_esearch, parse_esummary, parse_epost, parse_elink, parse_espell,
                  parse_einfo, parse_egquery):  # fmt: skip
        for body in (b"<PubmedArticleSet/>", b'{"other": 1}', b"[1]", b"plain text"):
            with pytest.raises(errors.NotAnXmlAnswer):
                parse(body)


# --- recordings ---------------------------------------------------------------------------------

UTILITIES: dict[str, Callable[[bytes], Any]] = {
    "esearch": parse_esearch,
    "esummary": parse_esummary,
    "epost": parse_epost,
    "elink": parse_elink,
    "espell": parse_espell,
    "einfo": parse_einfo,
    "egquery": parse_egquery,
    "efetch": check_answer,  # records are read in test_pubmed_xml, test_bookshelf, test_full_text
    "pubmed": check_answer,
}
REFUSED: dict[str, type[SourceError]] = {
    "biopython/einfo4.xml": errors.AnswerCutShort,
    "biopython/epost2.xml": errors.NoSuchDatabase,
    "biopython/epost3.xml": errors.EmptyIdList,
    "biopython/pubmed3.html": errors.NotAnXmlAnswer,
    "ncbi-samples/esearch.baderror.json": errors.NoSuchDatabase,
    "ncbi-samples/esearch.baderror.xml": errors.NoSuchDatabase,
    "ncbi-samples/esummary.error.json": errors.NoSuchDatabase,
}
FOLDERS = ("bioperl", "biopython", "ncbi-samples", "eutils-cassettes")
HERE = Path(__file__).resolve().parents[2] / "shared" / "recordings"
NAMES = sorted(
    f"{folder}/{f.name}"
    for folder in FOLDERS
    if (HERE / folder).is_dir()
    for f in (HERE / folder).iterdir()
) or ["(none)"]


def bodies(path: Path) -> list[bytes]:
    if path.suffix != ".yaml":
        return [path.read_bytes()]
    tape = yaml.safe_load(path.read_text(encoding="utf-8"))
    said = [i["response"]["body"] for i in tape["interactions"]]
    texts = [b.get("string", b"") for b in said]
    return [t if isinstance(t, bytes) else t.encode() for t in texts]


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_is_read_or_gives_its_error(recordings: Path, name: str) -> None:
    if name == "(none)":
        pytest.skip("the folders of E-utilities recordings are absent")
    path = recordings / name
    stem = path.name.removeprefix("test_")
    (parse,) = {parse for utility, parse in UTILITIES.items() if stem.startswith(utility)}
    for body in bodies(path):
        if name in REFUSED:
            with pytest.raises(REFUSED[name]):
                parse(body)
            continue
        found = parse(body)
        if parse is parse_elink:
            assert all(s.db_from and (s.ids or s.checks or s.urls) for s in found)
            asked = body.count(b"<LinkSet>")
            assert len(found) == asked > 0
            links = sum(len(g.links) for s in found for g in s.groups)
            assert links == body.count(b"<Link>")
            assert sum(len(c.links) for s in found for c in s.checks) == body.count(b"<LinkInfo>")
            assert sum(len(u.urls) for s in found for u in s.urls) == body.count(b"<ObjUrl>")
        elif parse is parse_esearch:
            assert len(found.ids) == found.retmax <= found.count
            assert found.translation
        elif parse is parse_esummary:
            assert found
            assert all(s.uid and (s.error or len(s.fields) > 1) for s in found)
        elif parse is parse_einfo:
            assert found.databases or (found.database.fields and found.database.links)


@pytest.mark.parametrize("database", ["books", "mesh", "pmc", "pubmed"])
def test_recorded_summaries_agree_between_xml_and_json(recordings: Path, database: str) -> None:
    folder = recordings / "ncbi-samples"
    xml = parse_esummary((folder / f"esummary.{database}.xml").read_bytes())
    told = parse_esummary((folder / f"esummary.{database}.json").read_bytes())
    assert len(xml) == len(told) > 0

    def same(a: Any, b: Any) -> bool:
        if not a and not b:  # XML has one way to write empty text and an empty list
            return True
        if isinstance(a, tuple):
            return len(a) == len(b) and all(map(same, a, b))
        if hasattr(a, "keys"):
            return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
        return bool(a == b)

    for one, other in zip(xml, told, strict=True):
        assert one.uid == other.uid
        assert same(one.fields, other.fields)


@pytest.mark.parametrize("name", ["esearch.pubmed", "esearch.error"])
def test_recorded_searches_agree_between_xml_and_json(recordings: Path, name: str) -> None:
    folder = recordings / "ncbi-samples"
    xml = parse_esearch((folder / f"{name}.xml").read_bytes())
    assert xml == parse_esearch((folder / f"{name}.json").read_bytes())


@pytest.mark.parametrize("name", ["biopython/esearch2.xml", "bioperl/elink_acheck.xml",
                                  "ncbi-samples/esummary.pmc.json"])  # fmt: skip
def test_recordings_cut_anywhere_are_told(recordings: Path, name: str) -> None:
    body = (recordings / name).read_bytes().rstrip()
    for cut in range(1, len(body), 97):
        with pytest.raises((errors.AnswerCutShort, errors.NotAnXmlAnswer)):
            check_answer(body[:cut], XML if name.endswith("xml") else JSON)


def test_check_answer_is_the_same_everywhere() -> None:
    assert eutils_xml.check_answer is errors.check_answer
