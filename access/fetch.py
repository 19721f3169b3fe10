"""A program that writes to stdout what is at an address. `access.jwks` runs it as a process of its own and ends it.

Nothing less bounds a fetch: a socket's timeout is one of each wait, so that who sends a byte now and then holds it for
hours, and looking up a name has none. Standard library only, redirects are not followed.
"""

import signal
import sys
import urllib.request
from http.client import HTTPException

MOST_BYTES = 1 << 18  # a set of a hundred keys is 50 kB
_LAST_S = 10  # should nobody be left to end it


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Make an error of a redirect."""


def main() -> str | None:
    """Write it; return what is wrong."""
    signal.alarm(_LAST_S)
    try:
        with urllib.request.build_opener(_NoRedirects).open(sys.argv[1]) as answer:
            text = answer.read(MOST_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        return str(error)
    if len(text) > MOST_BYTES:
        return f"more than {MOST_BYTES} bytes"
    sys.stdout.buffer.write(text)
    return None


if __name__ == "__main__":
    sys.exit(main())
