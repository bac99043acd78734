"""Deciding about one thing after another, by keys: what all review widgets share.

A subclass says what the card shows and what a key does; everything is decided and written here in
the kernel. The browser only shows the state and says which key was pressed on which card, so that
a closed browser loses nothing and a key pressed twice decides once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cmeneeds.errors import CmeneedsError, UsageError
from cmeneeds.workbench.page import _static, styled, text


@dataclass(frozen=True)
class Action:
    """What a key does.

    Attributes
    ----------
    id, key, label : str
    ask : dict, optional
        What to ask for first: ``label``, ``value`` to start from, ``options`` to choose from by
        number (texts, or mappings of ``label`` and ``value``).
    """

    id: str
    key: str
    label: str
    ask: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """For the browser."""
        plain = {"id": self.id, "key": self.key, "label": self.label}
        return plain | ({"ask": self.ask} if self.ask else {})


class Cards:
    """Base of the review widgets.

    Subclasses give :meth:`card`, :meth:`card_html`, :meth:`actions`, :meth:`status_html` and
    :meth:`do`.
    """

    def __init__(self, by: str) -> None:
        if not by.strip():
            raise UsageError("who decides is missing", 'Give your name: by="A. Writer".')
        self.by = by.strip()
        self.message = ""
        self._widget: Any = None

    # --- for subclasses -------------------------------------------------------------------------

    def card(self) -> str:
        """Identifier of what is shown; empty where nothing is left."""
        raise NotImplementedError

    def card_html(self) -> str:
        """What is shown, escaped."""
        raise NotImplementedError

    def actions(self) -> Sequence[Action]:
        """What can be done now."""
        raise NotImplementedError

    def status_html(self) -> str:
        """How far one is, escaped."""
        raise NotImplementedError

    def do(self, action: str, value: str) -> None:
        """Do what a key says, to the card that is shown."""
        raise NotImplementedError

    # --- talking to the browser -----------------------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        """What the browser shows."""
        message = f'<p class="cn-warn">{text(self.message)}</p>' if self.message else ""
        return {
            "card": self.card(),
            "html": message + self.card_html(),
            "actions": [a.told() for a in self.actions()],
            "status": self.status_html(),
        }

    def receive(self, content: object) -> None:
        """Take a message of the browser: ``action``, ``card`` and ``value``.

        A message about another card than the one shown is left alone: a key was pressed twice, or
        in an older view. What cannot be done is said on the card; nothing is raised, because
        nobody would see it.
        """
        if not isinstance(content, dict):
            return
        action, value = content.get("action"), content.get("value", "")
        known = {a.id for a in self.actions()}
        if content.get("card") == self.card() and action in known and isinstance(value, str):
            self.message = ""
            try:
                self.do(str(action), value.strip())
            except CmeneedsError as error:
                self.message = str(error)
        self.refresh()

    def refresh(self) -> None:
        """Show the present state."""
        if self._widget is not None:
            self._widget.state = self.state

    @property
    def widget(self) -> Any:
        """The widget, made when it is first shown."""
        if self._widget is None:
            self._widget = _make_widget(self)
        return self._widget

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = self.widget._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            # Where no widgets are: on paper, and in a notebook opened without its kernel.
            data["text/html"] = styled(f"{self.card_html()}<p>{self.status_html()}</p>")
            data["text/plain"] = repr(self)
        return bundle


def _make_widget(cards: Cards) -> Any:
    import anywidget
    import traitlets

    class CardWidget(anywidget.AnyWidget):
        _esm = _static("cards.js")
        css = traitlets.Unicode(_static("style.css")).tag(sync=True)
        state = traitlets.Dict().tag(sync=True)

    widget = CardWidget(state=cards.state)
    widget.on_msg(lambda _, content, __: cards.receive(content))
    return widget
