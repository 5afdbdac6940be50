"""One request over HTTP: JSON or bytes out, errors in sentences. In: URL, path. Standard library only."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any, Optional

from .errors import Refused, Unreachable

#: The largest frame of any detector has 4 bytes in each of some 10 million pixels.
MOST_BYTES = 1 << 28

class Late(Unreachable):
    """Somebody took the request, and did not answer it in time."""


# A proxy of the environment is for the way out, not for a machine of the beamline.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(
    url: str,
    method: str,
    path: str,
    *,
    body: Any = None,
    token: Optional[str] = None,
    timeout: float,
    most: int = MOST_BYTES,
) -> bytes:
    """The body of the answer, of at most ``most`` bytes.

    ``body``: as JSON; numpy's numbers and arrays go as those of Python. Raises ``Refused`` when the answer is no
    success, ``Unreachable`` when there is none within ``timeout`` seconds, ``ValueError`` or ``TypeError`` when JSON
    cannot say what is in ``body``.
    """
    headers = {}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body, allow_nan=False, default=_plain).encode()
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    end = time.monotonic() + timeout
    try:
        # A URL without a scheme is a ValueError.
        request = urllib.request.Request(url + path, data=data, headers=headers, method=method)
        try:
            with _opener.open(request, timeout=timeout) as response:
                return _content(response, most, end)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, _content(error, 1 << 20, end)) from None
    except (OSError, HTTPException, ValueError) as error:
        # Only what happens after the request was handed over comes as it is (urllib.request, do_open).
        late = isinstance(error, (socket.timeout, TimeoutError))
        reason = getattr(error, "reason", error)
        text = f"{url}{path}: no answer: {reason}. Is the service running, and is this its address?"
        raise (Late if late else Unreachable)(text) from error


def ask_json(
    url: str,
    method: str,
    path: str,
    *,
    has: str = "",
    body: Any = None,
    token: Optional[str] = None,
    timeout: float,
    most: int = MOST_BYTES,
) -> Any:
    """The answer as an object.

    Raises as ``ask`` does, and ``Unreachable`` when it is no JSON object, or one without the key ``has``.
    """
    content = ask(url, method, path, body=body, token=token, timeout=timeout, most=most)
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        what = f"the answer is no JSON object: {content[:80]!r}"
        raise Unreachable(f"{url}{path}: {what}. Is this the service's address?")
    if has and has not in answer:
        raise Unreachable(f"{url}{path}: the answer has no {has}: {content[:80]!r}. Is this the service's address?")
    return answer


def _plain(value: Any) -> Any:
    """What the standard library does not know, as JSON has it: numpy's numbers and arrays."""
    if not callable(getattr(value, "tolist", None)):
        kind = type(value).__name__
        raise TypeError(f"{value!r} is a {kind}: JSON has numbers, texts, lists and objects with texts as keys")
    return value.tolist()


def _content(response: Any, most: int, end: float) -> bytes:
    """What an answer holds. Raises ``OSError`` when it is not whole at ``end``: each read alone may wait as long."""
    parts = []
    length = 0
    while length < most:
        part = response.read1(min(1 << 20, most - length))
        if not part:
            break
        parts.append(part)
        length += len(part)
        if time.monotonic() >= end:
            raise TimeoutError("timed out within the answer")
    declared = response.headers.get("Content-Length")
    if declared is not None and declared.isdigit() and length < min(int(declared), most):
        raise ConnectionError(f"it ends after {length} of {declared} bytes")
    return b"".join(parts)


def _refusal(status: int, content: bytes) -> Refused:
    try:
        answer = json.loads(content)
        return Refused(status, answer.get("why", ""), [str(problem) for problem in answer["problems"]])
    except (ValueError, KeyError, AttributeError, TypeError):
        return Refused(status, "", [f"status {status}: {content[:200].decode('utf-8', 'replace')}"])
