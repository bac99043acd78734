"""Result sets on NCBI's history server, put there again when it has lost them.

A set is known there by a WebEnv and a query key, and lives for some hours only. Here its
identifiers are kept as well, so that losing the place loses no record. PubMed's own records are
fetched by identifier, which knows no expiry; docs/pubmed.md compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cmeneeds.entrez_errors import HistoryExpired, TooManyResults
from cmeneeds.eutils_xml import parse_epost, parse_esearch
from cmeneeds.sources.entrez import EntrezClient

MOST = 9_999
"""Identifiers in one set: what PubMed gives of a search, and a server of `cmeneeds` of a post."""


class History:
    """Identifiers that NCBI holds for us.

    Make one with :meth:`posted` or :meth:`searched`.

    Attributes
    ----------
    ids : tuple of str
        In the order of the set, each once.
    renewed : int
        How often the server had lost them.
    """

    def __init__(
        self, client: EntrezClient, db: str, ids: Iterable[str], place: tuple[str, str] | None
    ) -> None:
        self.client = client
        self.db = db
        self.ids = tuple(dict.fromkeys(ids))
        self.renewed = 0
        self._place = place
        self._searched = place is not None

    @classmethod
    def posted(cls, client: EntrezClient, ids: Iterable[int | str], db: str = "pubmed") -> History:
        """Post identifiers, at most 9,999; those that are none are left out.

        Raises
        ------
        ValueError
            If there are none or too many.
        SourceError
        """
        history = cls(client, db, map(str, ids), None)
        if not 0 < len(history.ids) <= MOST:
            raise ValueError(f"1 to {MOST:,} identifiers make a set, these are {len(history.ids)}")
        history._post()
        return history

    @classmethod
    def searched(cls, client: EntrezClient, term: str, db: str = "pubmed") -> History:
        """Search and keep the result, identifiers and place in one request.

        Raises
        ------
        TooManyResults
            Beyond 9,999: split the search.
        SourceError
        """
        answer = parse_esearch(
            client.call(
                "esearch", db=db, term=term, usehistory="y", retmax=MOST, retmode="xml"
            )
        )  # fmt: skip
        if answer.count > len(answer.ids):
            raise TooManyResults(
                f"{answer.count:,} results, {len(answer.ids):,} of them listed",
                "Split the search by date or UID",
            )
        return cls(client, db, answer.ids, (answer.web_env, answer.query_key))

    def _post(self) -> None:
        answer = parse_epost(self.client.call("epost", db=self.db, id=",".join(self.ids)))
        refused = set(answer.invalid_ids)
        self.ids = tuple(i for i in self.ids if i not in refused)
        self._place = (answer.web_env, answer.query_key)
        self._searched = False

    def pages(self, size: int, function: str = "efetch", **words: Any) -> Iterator[bytes]:
        """Yield the answers of a utility for the whole set, ``size`` records at a time.

        When the server has lost the set, its identifiers are posted and the same page is asked
        for again; no page is left out and none comes twice.

        Parameters
        ----------
        size : int
        function : str
            ``efetch`` or ``esummary``.
        **words
            Further parameters, such as ``retmode="xml"``.

        Raises
        ------
        HistoryExpired
            The set is lost again and again.
        SourceError
        """
        start = 0
        while start < len(self.ids):
            for attempt in range(1, self.client.attempts + 1):
                web_env, key = self._place or ("", "")
                try:
                    page = self.client.call(
                        function, db=self.db, webenv=web_env, query_key=key,
                        retstart=start, retmax=size, **words,
                    )  # fmt: skip
                    break
                except HistoryExpired:
                    if attempt == self.client.attempts:
                        raise
                    self.renewed += 1
                    if self._searched:
                        # A posted set need not have the order of a search: post what is left.
                        self.ids, start = self.ids[start:], 0
                    self._post()
            yield page
            start += size
