"""Calls to a forge's REST API: JSON both ways, page after page, tried again where that may help.

Only reads are tried again here: a write whose answer was lost may have been carried out, and who
wrote has to look first. Whatever fails ends as an `ApiError` that says what, where and why.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

SECONDS = 30
TRIES = 4
# How long a forge may ask us to wait before we give up instead.
PATIENCE = 60
# A listing that is longer than this is not what we take it for.
PAGES = 100


class ApiError(Exception):
    """A call that ended badly; `is_passing` when the same call may go well later."""

    def __init__(self, text, status=None, is_passing=False, wait=None):
        super().__init__(text)
        self.status = status
        self.is_passing = is_passing
        self.wait = wait


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token in the headers is for the forge and nobody else."""

    def redirect_request(self, *_arguments):
        return None


_OPENER = urllib.request.build_opener(_Stay)


class Api:
    def __init__(self, base, headers):
        self.base = base.rstrip("/")
        self.headers = {"user-agent": "cairn-ci", **headers}
        self.pause = float(os.environ.get("CAIRN_CI_PAUSE", "2"))

    def get(self, path):
        return self.patiently(lambda: self._json("GET", path)[0])

    def ask(self, url, body):
        """A read that is sent as a POST."""
        return self.patiently(lambda: self._json("POST", url, body)[0])

    def send(self, method, path, body):
        return self._json(method, path, body)[0]

    def pages(self, path, key=None):
        """All entries of a listing, however many pages it has; some have it inside an object."""
        url = path
        for _ in range(PAGES):
            entries, headers = self.patiently(lambda: self._json("GET", url))
            yield from entries if key is None else entries[key]
            url = next_page(headers.get("link", ""))
            if url is None:
                return
            if not url.startswith(self.base + "/"):
                raise ApiError(f"GET {path}: the next page is elsewhere, at {url}")
        raise ApiError(f"GET {path}: there are more than {PAGES} pages")

    def download(self, path, most):
        """The bytes of a file, which the forge may have put elsewhere."""

        def once():
            answer = self._open("GET", path)
            if answer.status in (301, 302, 303, 307, 308):
                answer = _open(urllib.request.Request(answer.headers["location"]), "GET the file")
            body = answer.read(most + 1)
            if len(body) > most:
                raise ApiError(f"GET {path}: it has more than {most} bytes")
            return body

        return self.patiently(once)

    def patiently(self, call):
        """Tries a call that may be made again."""
        pause = self.pause
        for left in range(TRIES - 1, -1, -1):
            try:
                return call()
            except ApiError as error:
                if not error.is_passing or left == 0:
                    # Who tries again around this has no more patience than this.
                    error.is_passing = False
                    raise
                time.sleep(min(pause if error.wait is None else error.wait, PATIENCE))
                pause *= 2
        return None

    def _json(self, method, path, body=None):
        answer = self._open(method, path, body)
        text = answer.read()
        try:
            return (json.loads(text) if text else None), answer.headers
        except ValueError as error:
            raise ApiError(f"{method} {path}: the answer is no JSON: {error}") from error

    def _open(self, method, path, body=None):
        url = path if path.startswith(("http://", "https://")) else self.base + path
        data = None if body is None else json.dumps(body).encode()
        headers = dict(self.headers)
        if data is not None:
            headers["content-type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        return _open(request, f"{method} {urllib.parse.urlsplit(url).path}")


def _open(request, what):
    try:
        return _OPENER.open(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code in (301, 302, 303, 307, 308):
            return error
        raise _failure(error, what) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ApiError(f"{what}: no answer: {reason}", is_passing=True) from error


def _failure(error, what):
    """What an answer that is an error means for us."""
    said = error.read(4096).decode(errors="replace")
    try:
        told = json.loads(said)
        message = told.get("message") or told.get("error") or said
    except (ValueError, AttributeError):
        message = said
    text = f"{what}: {error.code} {' '.join(str(message).split())[:300]}".rstrip()
    headers = error.headers
    is_limit = error.code == 429 or (
        error.code == 403
        and (
            headers.get("x-ratelimit-remaining") == "0"
            or headers.get("retry-after") is not None
            or "rate limit" in str(message).lower()
        )
    )
    if not is_limit:
        return ApiError(text, error.code, is_passing=error.code >= 500)
    wait = _wait(headers)
    if wait is not None and wait > PATIENCE:
        return ApiError(f"{text} (the limit is lifted in {wait:.0f} s; run this again then)", error.code)
    return ApiError(text, error.code, is_passing=True, wait=wait)


def _wait(headers):
    """How many seconds a forge asks us to wait; None when it does not say."""
    try:
        if headers.get("retry-after") is not None:
            return float(headers["retry-after"])
        if headers.get("x-ratelimit-reset") is not None:
            return max(0.0, float(headers["x-ratelimit-reset"]) - time.time())
    except ValueError:
        pass
    return None


def next_page(link):
    """The address of the next page in a `Link` header."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return None
