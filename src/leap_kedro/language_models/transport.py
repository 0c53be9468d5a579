"""One try of one HTTP call, with a distinct exception for each kind of failure."""

import asyncio
import email.utils
import math
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from leap_kedro.language_models.access import Access
from leap_kedro.language_models.complaint import Complaint, read_complaint
from leap_kedro.language_models.dialect import is_about_format, is_about_roles
from leap_kedro.language_models.errors import LanguageModelError, ModelRefusedRequest, PromptTooLong, RequestRejected
from leap_kedro.language_models.network import client_options, through, usable_network
from leap_kedro.language_models.parameters import ModelParameters, Structured
from leap_kedro.language_models.replicas import Spread, Transient, Unreachable
from leap_kedro.language_models.response import Answer, BrokenAnswer, ErrorInAnswer, read_answer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_TRANSIENT = frozenset({408, 409, 425, 429})
_MALFORMED = frozenset({400, 422, 501})
_TOO_LONG = re.compile(
    r"\bcontext (?:length|size|window)|exceed_context_size|\btoo many (?:input |prompt )?tokens|\btoo long\b"
    r"|\bmax(?:imum)? (?:input|prompt|sequence|model) len|\binput (?:length|tokens?)\b.{0,40}\bexceed"
    r"|\breduce (?:the|your) (?:length|prompt|input)|max_model_len",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"\binsufficient[ _](?:balance|credits?|quota|funds)|余额不足", re.IGNORECASE)
_SHORTEST_KEY = 8  # characters; shorter keys are not secret and occur in ordinary texts

_LONGEST_COMPLAINT = 500  # characters


class Malformed(Exception):
    """The server does not understand the request, with its complaint and HTTP status."""

    def __init__(self, complaint: Complaint, status: int) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint
        self.status = status


class Filtered(Exception):
    """The provider's filter refused the request itself."""


class Transport:
    """An OpenAI-compatible server. Its exceptions and results never contain the key, even if the server quotes it."""

    def __init__(self, parameters: ModelParameters, access: Access) -> None:
        self._parameters = parameters
        self._key = access.api_key.get_secret_value() if access.api_key else ""
        self._spread = Spread(access.replicas, access.patience) if access.replicas else None

    @cached_property
    def _client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

        # Replicas are inside the cluster, where no proxy leads.
        options = {"trust_env": False} if self._spread else client_options(self.name)
        with usable_network(self.name):
            return AsyncOpenAI(
                # Without a key, the client would read one from the process environment.
                api_key=self._key or "none",
                base_url=self.name,
                timeout=self._parameters.timeout,
                max_retries=0,
                http_client=DefaultAsyncHttpx2Client(**options) if options else None,
            )

    @property
    def name(self) -> str:
        """Address of the server."""
        return self._parameters.address

    async def ask(self, body: Mapping[str, Any], conversation: str = "") -> Answer:
        """The answer to a request with this body.

        Args:
            body: The body.
            conversation: Name of the conversation, all of whose requests one of several replicas answers.

        Raises:
            Transient: If another try may succeed.
            Malformed: If the server does not understand the request.
            Filtered: If the provider's filter refused it.
            PromptTooLong: If it does not fit into the model's context.
            ModelRefusedRequest: If key, model name or account is wrong.
        """
        if self._spread is None:
            return await self._answer(body, self.name)
        return await self._spread.call(conversation, lambda base_url: self._answer(body, base_url))

    async def _answer(self, body: Mapping[str, Any], base_url: str) -> Answer:
        # The client's exceptions contain the request with the key, so they must not become the context of another one.
        outcome = await self._outcome(body, base_url)
        if isinstance(outcome, Exception):
            raise outcome
        try:
            answer = read_answer(outcome)
        except BrokenAnswer as error:
            failure: Exception = Transient(str(error))
        except ErrorInAnswer as error:
            failure = self._failure(error.complaint.status or 0, {}, error.complaint)
        else:
            calls = tuple(replace(call, arguments=self._hidden(call.arguments)) for call in answer.calls)
            return replace(answer, text=self._hidden(answer.text), calls=calls)
        raise failure

    async def _outcome(self, body: Mapping[str, Any], base_url: str) -> bytes | Exception:
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self._parameters.timeout):
                # Not `chat.completions.create`: its type checks of all messages take a quarter of a call's CPU time,
                # and `read_answer` is more careful with the body.
                response = await self._client.post(
                    f"{base_url}/chat/completions", body=dict(body), cast_to=httpx2.Response
                )
                return response.content
        except openai.APIStatusError as error:
            return self._failure(error.status_code, error.response.headers, read_complaint(error.response.content))
        except (openai.APITimeoutError, TimeoutError):
            return Transient(f"no answer within {self._parameters.timeout:g} s")
        except openai.APIConnectionError as error:
            cause = type(error.__cause__).__name__
            return Unreachable(f"the connection failed ({cause}){'' if self._spread else through(self.name)}")

    def _failure(self, status: int, headers: Mapping[str, str], complaint: Complaint) -> Exception:
        complaint = replace(complaint, text=self._hidden(complaint.text)[:_LONGEST_COMPLAINT])
        said = _said(status, complaint)
        if complaint.code == "insufficient_quota" or status == 402 or _NO_CREDIT.search(complaint.text):
            return self._refused(f"no credit is left ({said}). Top the account up")
        if complaint.code == "content_filter":
            return Filtered(said)
        if _is_too_long(status, complaint):
            return PromptTooLong(
                f"{self.name} finds prompt and reply too long for the context of '{self._parameters.model}' ({said}). "
                "Lower `max_tokens`, or serve a model with a longer context."
            )
        if complaint.is_page and status in _MALFORMED:
            return self._refused(self._hint(status, said, complaint))
        if status in _MALFORMED or (status == 500 and (is_about_roles(complaint) or is_about_format(complaint))):
            return Malformed(complaint, status)
        if not status or status in _TRANSIENT or status >= 500:
            return Transient(said, retry_after(headers))
        return self._refused(self._hint(status, said, complaint))

    def _hint(self, status: int, said: str, complaint: Complaint) -> str:
        if complaint.is_page and status != 404:
            return (
                f"{said} came instead of an API answer, usually from a proxy, a firewall or a bot check. Correct "
                f"`base_url` or the network settings{through(self.name)}"
            )
        key = "`openai: {api_key: ...}` in conf/local/credentials.yml, or OPENAI_API_KEY in the process environment"
        match status:
            case 401:
                return f"the key is missing or wrong ({said}). Set {key}"
            case 403:
                return f"access is denied ({said}). If the key is the reason, set another: {key}"
            case 404:
                return f"it is unknown there ({said}). Correct `model` or `base_url`, which ends in /v1"
            case 407:
                return f"a proxy asks for a password ({said}). Correct the variable of the proxy{through(self.name)}"
            case _:
                return f"{said}. Correct `model` or `base_url`"

    def misunderstood(self, error: Malformed) -> LanguageModelError:
        """The error for a request that the server does not understand in any form."""
        said = _said(error.status, error.complaint)
        if self._parameters.structured is not Structured.AUTO and is_about_format(error.complaint):
            return self._refused(f"it does not support this form of JSON answers ({said}). Set `structured: auto`")
        known = {"max_completion_tokens": "max_tokens", "max_tokens": "max_tokens"}
        known |= {"temperature": "temperature", "seed": "seed"}
        known |= {name: f"extra.{name}" for name in self._parameters.extra}
        named = next((path for name, path in known.items() if error.complaint.names(name)), "")
        correct = f"Correct `{named}`" if named else "Correct what it names"
        return RequestRejected(
            f"{self.name} rejects a request to the model '{self._parameters.model}' ({said}). {correct}; `extra.NAME` "
            "sets a field of the request, and null leaves it out."
        )

    def _refused(self, what: str) -> ModelRefusedRequest:
        return ModelRefusedRequest(
            f"{self.name} does not serve the model '{self._parameters.model}': {what}, then run the same command again."
        )

    def _hidden(self, text: str) -> str:
        """`text` without the key, and without words with its beginning or end: servers mask only the middle."""
        if len(self._key) < _SHORTEST_KEY:
            return text
        text = text.replace(self._key, "[key]")
        if len(self._key) < 2 * _SHORTEST_KEY:
            return text
        start, end = re.escape(self._key[:_SHORTEST_KEY]), re.escape(self._key[-_SHORTEST_KEY:])
        return re.sub(rf"{start}\S*|\S*{end}", "[key]", text)


def _said(status: int, complaint: Complaint) -> str:
    """Status and text of an error, for messages; the status is 0 if the HTTP status indicated success."""
    return ": ".join(filter(None, (f"HTTP {status}" if status else "", complaint.text)))


def _is_too_long(status: int, complaint: Complaint) -> bool:
    if complaint.code == "context_length_exceeded" or status == 413:
        return True
    return status in {400, 422, 500} and _TOO_LONG.search(complaint.text) is not None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait according to a `Retry-After` header, a number or a date (RFC 9110, 10.2.3); None if absent."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
