"""What the child process of :mod:`.sandbox` runs: limits, parser, answer."""

from __future__ import annotations

import sys

import msgspec


def main() -> int:
    """Read a file from standard input; write what it says, or why it cannot be read."""
    kind, seconds, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    data = sys.stdin.buffer.read()
    from cmeneeds.own_sources.formats import reader_of
    from cmeneeds.own_sources.parsed import Unreadable, checked
    from cmeneeds.own_sources.sandbox import confine

    read = reader_of(kind)  # imported before the limits, so that they bind the file alone
    confine(seconds, memory)
    answer: dict[str, object]
    try:
        answer = {"parsed": checked(read(data))}
    except Unreadable as error:
        answer = {"what": error.what, "todo": error.todo}
    except RecursionError:
        answer = {"what": "it is nested too deep", "todo": "Open it and save it anew."}
    except MemoryError:
        answer = {
            "what": "reading it needs too much memory",
            "todo": "Add only the pages that you cite.",
        }
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
