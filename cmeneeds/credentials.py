"""Who asks NCBI: e-mail address and API key, kept out of everything that is written.

They come from ``NCBI_EMAIL`` and ``NCBI_API_KEY``, else from ``credentials.toml`` in the home
folder (``email = "..."``, ``api_key = "..."``), which must be readable by its owner alone. They are
never read from a brief.
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from cmeneeds.errors import UsageError
from cmeneeds.home import home


@dataclass(frozen=True)
class Credentials:
    """What NCBI asks for. Neither value shows up in ``repr``.

    Attributes
    ----------
    email, api_key : str or None
    """

    email: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)

    @property
    def requests_per_second(self) -> int:
        """NCBI's limit: 3, or 10 with a key (https://www.ncbi.nlm.nih.gov/books/NBK25497/)."""
        return 10 if self.api_key else 3

    def hide(self, text: str) -> str:
        """Take both values out of a text that is to be shown, also as an address writes them."""
        for secret in (self.api_key, self.email):
            if secret:
                for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                    text = text.replace(form, "...")
        return text


def credentials_path() -> Path:
    """The file they may be kept in."""
    return home() / "credentials.toml"


def load_credentials() -> Credentials:
    """Read them from the environment, else from the file; both may be absent.

    Raises
    ------
    UsageError
        If the file can be read by others, or is no such file. Its content is never quoted.
    """
    email = os.environ.get("NCBI_EMAIL") or None
    api_key = os.environ.get("NCBI_API_KEY") or None
    path = credentials_path()
    if (email and api_key) or not path.exists():
        return Credentials(email, api_key)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"{path.name} can be read by others", f"Close it: chmod 600 {path}")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        # `from None`, and no detail: the message of the parser may quote the key.
        raise UsageError(
            f"{path.name} cannot be read", 'Write it as: email = "you@example.org"'
        ) from None
    values = {name: data.get(name) for name in ("email", "api_key")}
    if not all(v is None or isinstance(v, str) for v in values.values()):
        raise UsageError(f"{path.name}: email and api_key must be text", "Put them in quotes.")
    return Credentials(email or values["email"], api_key or values["api_key"])
