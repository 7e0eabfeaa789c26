"""Why a request failed, whether it may be tried again, and what a person can do about it."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from openai import APIConnectionError, APIStatusError, APITimeoutError
from pydantic import ValidationError

from zs_dagster.errors import ModelError

# Not the request but the moment is to blame; 501 says that the server will never know how.
_PASSING = frozenset({408, 409, 425, 429, *range(500, 600)} - {501})
# A server that asks for more patience than this is a reason to stop.
_MAX_WAIT_S = 120.0
_MAX_TEXT = 300


class RefusedError(ModelError):
    """The server will not answer this request, however often it is tried."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True)
class Fault:
    """One failed try.

    Attributes:
        reason: What happened, without the key.
        status: Status of the HTTP response, 0 if there was none.
        passes: Whether another try may help.
        wait_s: How long the server asks to wait, seconds, if it does.
    """

    reason: str
    status: int = 0
    passes: bool = True
    wait_s: float | None = None


def describe(error: Exception, timeout_s: float) -> Fault:
    """Tell what an error of the client or of reading an answer means."""
    match error:
        case APIStatusError():
            return _status(error)
        case APITimeoutError():
            return Fault("no connection in time")
        case APIConnectionError():
            cause = error.__cause__ or error
            return Fault(f"no connection ({type(cause).__name__}: {_one_line(str(cause))})")
        case TimeoutError():
            return Fault(f"no answer within {timeout_s:g} s")
        case ValidationError():
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            return Fault(f"a malformed answer ({place or 'text'}: {_one_line(first['msg'])})")
        case _:
            return Fault(f"a malformed answer ({_one_line(str(error))})")


def _status(error: APIStatusError) -> Fault:
    status, wait_s = error.status_code, _retry_after(error.response)
    passes = status in _PASSING and (wait_s or 0) <= _MAX_WAIT_S
    reason = f"{status} {_phrase(status)} ({_said(error)})"
    if wait_s is not None and wait_s > _MAX_WAIT_S:
        reason += f" and is to be tried again in {wait_s:.0f} s"
    return Fault(reason, status, passes, wait_s)


def _retry_after(response: httpx.Response) -> float | None:
    """Read how long to wait: seconds or a date (RFC 9110, section 10.2.3)."""
    text = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(text).timestamp()
        now = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except ValueError:
        return None
    return max(0.0, then - now)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def _said(error: APIStatusError) -> str:
    body = error.body
    said = body.get("message") if isinstance(body, dict) else None
    return _one_line(str(said or error.response.text or "no text"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MAX_TEXT]
