"""One try at one HTTP call, with every way in which it can fail told apart."""

import asyncio
import email.utils
import math
import re
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from leap_kedro.language_models.access import Access
from leap_kedro.language_models.dialect import is_about_format
from leap_kedro.language_models.errors import LanguageModelError, ModelRefusedRequest, PromptTooLong, RequestRejected
from leap_kedro.language_models.parameters import ModelParameters
from leap_kedro.language_models.reading import Answer, BrokenAnswer, error_of, read_answer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_TRANSIENT = frozenset({408, 409, 425, 429})
_MALFORMED = frozenset({400, 422})
_TOO_LONG = re.compile(r"\bcontext (?:length|size|window)|exceed_context_size|\btoo many tokens|\btoo long\b", re.I)
_SHORTEST_KEY = 8  # characters; a shorter one is no secret, and common in texts

_LONGEST_COMPLAINT = 500  # characters


class Transient(Exception):
    """A failure that may pass.

    Attributes:
        wait: Seconds that the server asks to wait; None if it does not say.
    """

    def __init__(self, description: str, wait: float | None = None) -> None:
        super().__init__(description)
        self.wait = wait


class Malformed(Exception):
    """The server does not understand the request; the message is its complaint."""


class Filtered(Exception):
    """The provider's filter refused the request itself."""


class Server:
    """An OpenAI-compatible server. Nothing that it raises or returns holds the key, even where the server says it."""

    def __init__(self, parameters: ModelParameters, access: Access) -> None:
        """Describe the server; no connection is made."""
        self._parameters = parameters
        self._key = access.api_key.get_secret_value() if access.api_key else ""

    @cached_property
    def _client(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            # The client takes a key of its own from the process environment where it is given none.
            api_key=self._key or "none",
            base_url=self._parameters.base_url,
            timeout=self._parameters.timeout,
            max_retries=0,
        )

    @property
    def name(self) -> str:
        """Address of the server."""
        return str(self._client.base_url).rstrip("/")

    async def ask(self, body: Mapping[str, Any]) -> Answer:
        """The answer to a request with this body.

        Raises:
            Transient: If another try may succeed.
            Malformed: If the server does not understand the request.
            Filtered: If the provider's filter refused it.
            PromptTooLong: If it does not fit into the model's context.
            ModelRefusedRequest: If key, model name or account is wrong.
        """
        # The client's exceptions hold the request with its key: none of them may become the context of another.
        outcome = await self._outcome(body)
        if isinstance(outcome, Exception):
            raise outcome
        try:
            answer = read_answer(outcome)
        except BrokenAnswer as error:
            broken = Transient(str(error))
        else:
            return self._without_key(answer)
        raise broken

    async def _outcome(self, body: Mapping[str, Any]) -> bytes | Exception:
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self._parameters.timeout):
                # Not `chat.completions.create`: it walks through all messages to check their types, which takes a
                # quarter of a call's CPU time, and the body is read with more doubt here than it would there.
                response = await self._client.post("/chat/completions", body=dict(body), cast_to=httpx2.Response)
                return response.content
        except openai.APIStatusError as error:
            return self._failure(error.status_code, error.response.headers, error.response.content)
        except (openai.APITimeoutError, TimeoutError):
            return Transient(f"no answer within {self._parameters.timeout:g} s")
        except openai.APIConnectionError as error:
            return Transient(f"the connection failed ({type(error.__cause__).__name__})")

    def _failure(self, status: int, headers: Mapping[str, str], content: bytes) -> Exception:
        code, text = error_of(content)
        said = self._hidden(f": {text}" if text else "")[:_LONGEST_COMPLAINT]
        if code == "insufficient_quota":
            return self._refused(f"no credit is left{said}. Top the account up")
        if status in _TRANSIENT or status >= 500:
            return Transient(f"HTTP {status}{said}", retry_after(headers))
        if code == "content_filter":
            return Filtered(said)
        if code == "context_length_exceeded" or status == 413 or (status in _MALFORMED and _TOO_LONG.search(text)):
            return PromptTooLong(self._rejection(status, said))
        if status in _MALFORMED:
            return Malformed(said.removeprefix(": "))
        if status in {401, 403}:
            return self._refused(
                f"the key is missing or wrong (HTTP {status}{said}). Set `openai: {{api_key: ...}}` in "
                "conf/local/credentials.yml, or OPENAI_API_KEY in the process environment"
            )
        if status == 404:
            return self._refused(f"it is unknown there (HTTP 404{said}). Mend `model` or `base_url`, which ends in /v1")
        return self._refused(f"HTTP {status}{said}. Mend `model` or `base_url`")

    def misunderstood(self, complaint: str) -> LanguageModelError:
        """The error to raise when the server does not understand a request and no other way of asking is left."""
        if is_about_format(complaint):
            return self._refused(
                f"it cannot be made to answer in JSON in the way chosen ({complaint}). Set `structured: auto`"
            )
        return RequestRejected(self._rejection(400, f": {complaint}"))

    def _rejection(self, status: int, said: str) -> str:
        return (
            f"{self.name} rejects a request to '{self._parameters.model}' as malformed or too long "
            f"(HTTP {status}{said}). Where the context is too short for whole episodes, take another model or let the "
            "teacher see one step a call."
        )

    def _refused(self, what: str) -> ModelRefusedRequest:
        return ModelRefusedRequest(
            f"{self.name} does not serve the model '{self._parameters.model}': {what}, then run the same command again."
        )

    def _hidden(self, text: str) -> str:
        return text.replace(self._key, "[key]") if len(self._key) >= _SHORTEST_KEY else text

    def _without_key(self, answer: Answer) -> Answer:
        return Answer(
            text=self._hidden(answer.text),
            finish=answer.finish,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cached_tokens=answer.cached_tokens,
        )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a `Retry-After` header asks to wait, be it a number or a date (RFC 9110, 10.2.3); None if none."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
