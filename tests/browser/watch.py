"""What a page did that it should not have."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError, WebSocket

LOUD = {"error", "warning", "assert"}  # a broken Content-Security-Policy is an error too
OWN = ("data:", "blob:", "about:")


def origin(url: str) -> str:
    """Return scheme and host of *url*; a socket's are those of its page."""
    scheme, host = urlsplit(url)[:2]
    return f"{scheme.replace('ws', 'http', 1)}://{host}"


class Watch:
    """Writes down the complaints of every page of a *context* that may ask the service of *url* only."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.complaints: list[str] = []
        self._home = origin(url)
        context.on("console", self._console)
        context.on("weberror", self._exception)
        context.on("request", self._request)
        context.on("page", lambda page: page.on("websocket", self._request))

    def settle(self) -> None:
        """Let open pages say what they have to say: their messages come before the answer to a question."""
        for page in self.context.pages:
            page.evaluate("() => new Promise((done) => setTimeout(done))")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in LOUD:
            self.complaints.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def _exception(self, error: WebError) -> None:
        self.complaints.append(f"exception: {error.error}")

    def _request(self, request: Request | WebSocket) -> None:
        if not request.url.startswith(OWN) and origin(request.url) != self._home:
            self.complaints.append(f"another host: {request.url}")
