"""Everything that can go wrong, drawn once.

Every error says what happened and what to do about it, in one line each; the command line prints
that and exits with ``exit_code`` (1: the work failed, 2: wrong usage or an invalid brief).

    CmeneedsError
    ├── UsageError                    exit 2: the caller can fix it
    │   ├── BriefError                a field of the brief is missing, unknown or impossible
    │   ├── QueryError                a PubMed query cannot be read
    │   │   ├── QuerySyntaxError      it is malformed
    │   │   ├── QueryUnsupported      it asks for a field or feature that is not offered here
    │   │   └── QueryTooLarge         it is longer or deeper than the limits
    │   └── ParameterError            a report parameter is unknown or of the wrong type
    ├── SourceError                   records cannot be had
    │   ├── SourceUnavailable         the service cannot be reached or refuses
    │   │   ├── RateLimited           too many requests; says how long to wait, if told
    │   │   ├── BackendFailed         a server behind E-utilities failed
    │   │   └── AnswerCutShort        an answer is empty or ends too early
    │   ├── NotAnXmlAnswer            an HTML page, or XML or JSON that cannot be read
    │   ├── EntrezRefused             any other error that E-utilities state
    │   │   ├── HistoryExpired        the history server has lost the result
    │   │   ├── TooManyResults        beyond the first 9,999 results
    │   │   ├── NoSuchDatabase        the database name is unknown
    │   │   └── EmptyIdList           no identifier was valid
    │   ├── FullTextNotAvailable      PMC may not give out this full text
    │   ├── WebUnavailable            a web source cannot be reached, or keeps failing
    │   ├── WebRefused                it refuses the request
    │   ├── WebTooLarge               its answer is larger than the limit
    │   ├── WebNotJson                its answer is not the JSON it should be
    │   ├── UspstfKeyMissing          the Prevention TaskForce wants a key, and none is set
    │   ├── OwnSourceUnreadable       a document of the writer's own cannot be read
    │   ├── SampleMissing             the sample corpus is not installed or not the known file
    │   └── NotPubMedXML              the input is not PubMed XML at all
    ├── LibraryError                  the library file cannot do what was asked
    │   ├── LibraryNotFound           there is no such file
    │   ├── LibraryEmpty              it holds no records
    │   ├── LibraryDamaged            it is not a library, or of another schema
    │   └── LibraryReadOnly           somebody tried to write to the sample
    ├── TransformerMissing            the optional labelling model is not installed
    ├── TransformerDamaged            its weights are not what was built
    ├── ClusterError                  the Dask cluster cannot make the reports
    ├── KernelNotForked               a notebook kernel cannot be started the fast way
    ├── NoEvidence                    the search found nothing to build on; never a filled-in report
    ├── ReportError                   the report was not made
    │   ├── RunFailed                 a cell of the notebook raised
    │   ├── RunTimedOut               the notebook did not finish in time
    │   ├── RunBroken                 a run folder is unfinished, damaged or not a run
    │   └── ExportError               a format could not be written
    └── VerificationFailed            a claim does not match its passage
"""

from __future__ import annotations


class CmeneedsError(Exception):
    """Base of all errors raised on purpose by this package.

    Parameters
    ----------
    what : str
        What happened, one line, no trailing period.
    todo : str, optional
        What the user can do about it, one line.
    """

    exit_code = 1

    def __init__(self, what: str, todo: str = "") -> None:
        self.what = what
        self.todo = todo
        super().__init__(what, todo)

    def __str__(self) -> str:
        """One line: what happened, then what to do."""
        return f"{self.what}. {self.todo}".rstrip() if self.todo else self.what


class UsageError(CmeneedsError):
    """The caller asked for something that cannot be; nothing was done."""

    exit_code = 2


class BriefError(UsageError):
    """A field of the brief is missing, unknown or impossible.

    Parameters
    ----------
    field : str
        Dotted path of the field, such as ``audience[0].profession``.
    problem, todo : str
        What is wrong with it and how to mend it.
    """

    def __init__(self, field: str, problem: str, todo: str = "") -> None:
        # A key is the user's text: it may hold anything.
        self.field = "".join(c if c.isprintable() else "\ufffd" for c in field[:200])
        self.problem = problem
        what = f"brief: {self.field}: {problem}" if field else f"brief: {problem}"
        super().__init__(what, todo)


class QueryError(UsageError):
    """A PubMed query cannot be read.

    Parameters
    ----------
    what, todo : str
        As in :class:`CmeneedsError`.
    position : int, optional
        Zero-based character offset in the query where the trouble starts.
    """

    def __init__(self, what: str, todo: str = "", position: int | None = None) -> None:
        self.position = position
        where = f" at character {position + 1}" if position is not None else ""
        super().__init__(f"query: {what}{where}", todo)


class QuerySyntaxError(QueryError):
    """The query is malformed."""


class QueryUnsupported(QueryError):
    """The query asks for a field or feature that is not offered here; it is never widened."""


class QueryTooLarge(QueryError):
    """The query is longer or deeper than the limits."""


class ParameterError(UsageError):
    """A report parameter is unknown or of the wrong type."""


class SourceError(CmeneedsError):
    """Records cannot be had."""


class SourceUnavailable(SourceError):
    """The service cannot be reached, or refuses to answer."""


class OwnSourceUnreadable(SourceError):
    """A document of the writer's own is encrypted, scanned, broken, too large or hostile."""


class SampleMissing(SourceError):
    """The sample corpus is not installed, or is not the file that is known."""


class NotPubMedXML(SourceError):
    """The input holds no PubMed XML."""


class LibraryError(CmeneedsError):
    """The library file cannot do what was asked."""


class LibraryNotFound(LibraryError):
    """There is no library file there."""


class LibraryEmpty(LibraryError):
    """The library holds no records."""


class LibraryDamaged(LibraryError):
    """The file is not a library, is damaged, or has another schema."""


class LibraryReadOnly(LibraryError):
    """The library may only be read."""


class ClusterError(CmeneedsError):
    """The Dask cluster cannot be reached or does not fit."""


class KernelNotForked(CmeneedsError):
    """A notebook kernel cannot be forked from a warm process; a plain one does the same work."""


class NoEvidence(CmeneedsError):
    """The search found nothing to build on."""


class ReportError(CmeneedsError):
    """The report was not made."""


class RunFailed(ReportError):
    """A cell of the report notebook raised an error."""


class RunTimedOut(ReportError):
    """The report notebook did not finish in time."""


class RunBroken(ReportError):
    """A run folder is unfinished, damaged, or not a run."""


class ExportError(ReportError):
    """A format could not be written."""


class VerificationFailed(CmeneedsError):
    """At least one claim does not match its passage."""
