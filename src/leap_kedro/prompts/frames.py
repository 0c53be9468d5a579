"""What a chat template writes around each message, found by rendering a conversation of placeholders.

The parts between the placeholders are the pieces of a prompt, so the trunk of a decision is always a prefix of the next
one. Templates that change earlier messages when later ones are added are rejected, with one exception: if that is so
only with a system message (Mistral 7B moves it into the last user message), the rules begin the first user message, as
for templates without system messages. A longer conversation, of texts with lines and spaces, must consist of the same
pieces, so templates that rewrite texts, cut them off or count messages are rejected, too.
"""

from dataclasses import dataclass
from typing import Any

from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, THINKING, UnusableChatTemplate, name_of, templated
from leap_kedro.prompts.thoughts import closing_in, left_open, opening_in

_RULES, _OPENING, _DONE, _SEEN = "R0-rules", "O1-opening", "A2-action", "S3-observation"
_LONG = "Text:\n\n- One  line, 'quoted' & <marked>.\n" + "Many words. " * 400 + "\tEnd."

_OTHER = "set another `tokenizer.chat_template` and save it beside the model"


@dataclass(frozen=True, slots=True)
class Frames:
    """The text of a template around messages.

    Attributes:
        has_system: Whether the rules are a system message; if not, they begin the first message of the user.
        before_rules: Text before the rules.
        after_rules: Text between the rules and the first observation.
        after_user: Text after a message of the user.
        before_action: Text before a past reply.
        after_action: Text after a past reply.
        after_reply: Text after a reply at the end of a conversation (GPT-OSS ends it otherwise than past ones).
        generation: Text that asks for a reply. Without thoughts, it includes what a model writes between thoughts and
            answer, so that the reply is the answer.
        lead_in: Spaces before a reply.
        thought_end: With thoughts: the mark between them and the answer; otherwise "".
        in_thoughts: With thoughts: whether every reply begins in them, without a mark of its own.
        keeps_spaces: Whether spaces around a message are kept.
    """

    has_system: bool
    before_rules: str
    after_rules: str
    after_user: str
    before_action: str
    after_action: str
    after_reply: str
    generation: str
    lead_in: str
    thought_end: str
    in_thoughts: bool
    keeps_spaces: bool


def read_frames(tokenizer: Any, *, thinking: bool = False) -> Frames:
    """The frames of the template of `tokenizer`.

    Args:
        tokenizer: A Hugging Face tokenizer.
        thinking: Whether replies begin with thoughts.

    Raises:
        UnusableChatTemplate: If there is no template, its prompts do not grow only at the end, or it has no thoughts
            and they are requested.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise UnusableChatTemplate(
            f"The tokenizer of {name_of(tokenizer)} has neither the embedded student's marks nor a chat "
            "template; set `tokenizer.chat_template` and save it beside the model."
        )
    try:
        return _Reader(tokenizer, thinking).frames(
            [{"role": "system", "content": _RULES}, {"role": "user", "content": _OPENING}], has_system=True
        )
    except UnusableChatTemplate:
        return _Reader(tokenizer, thinking).frames(
            [{"role": "user", "content": f"{_RULES}\n\n{_OPENING}"}], has_system=False
        )


class _Reader:
    def __init__(self, tokenizer: Any, thinking: bool) -> None:
        self._tokenizer = tokenizer
        self._thinking = thinking
        self._name = name_of(tokenizer)

    def frames(self, start: list[dict[str, str]], *, has_system: bool) -> Frames:
        done, seen = {"role": "assistant", "content": _DONE}, {"role": "user", "content": _SEEN}
        asking = self._rendered(start, reply=True)
        first, longer = self._rendered(start), self._rendered([*start, done, seen])
        end = self._tokenizer.eos_token or ""
        if not asking.startswith(first):  # some end every text that asks for no reply with it (Phi-3)
            first, longer = first.removesuffix(end), longer.removesuffix(end)
        if not longer.startswith(first) or not asking.startswith(first):
            raise UnusableChatTemplate(
                f"The chat template of {self._name} changes earlier messages when later ones are added, "
                f"so prompts would not grow only at the end; {_OTHER}."
            )
        before, after_user = self._around(first, _OPENING)
        before_rules, after_rules = self._around(before, _RULES)
        before_action, rest = self._around(longer[len(first) :], _DONE)
        after_action, after = self._around(rest, _SEEN)
        if after != after_user:
            raise UnusableChatTemplate(
                f"The chat template of {self._name} does not end all user messages alike; {_OTHER}."
            )
        turn = f"{before_action}{_LONG}{after_action}{_LONG}{after_user}"
        built = f"{first.replace(_OPENING, _LONG)}{turn}{turn}{asking[len(first) :]}"
        turns = [{"role": role, "content": _LONG} for _ in range(2) for role in ("assistant", "user")]
        *system, user = start
        told = [*system, {**user, "content": user["content"].replace(_OPENING, _LONG)}, *turns]
        if self._rendered(told, reply=True) != built:
            raise UnusableChatTemplate(
                f"The chat template of {self._name} rewrites texts or counts messages, so a prompt is not the sum of "
                f"its messages; {_OTHER}."
            )
        generation, lead_in, thought_end, in_thoughts = self._reply(asking[len(first) :], before_action)
        padded = f" {_SEEN} "
        return Frames(
            has_system=has_system,
            before_rules=before_rules,
            after_rules=after_rules,
            after_user=after_user,
            before_action=before_action,
            after_action=after_action,
            after_reply=self._after_reply([*start, done]) or after_action,
            generation=generation,
            lead_in=lead_in,
            thought_end=thought_end,
            in_thoughts=in_thoughts,
            keeps_spaces=padded in self._rendered([*start, done, {"role": "user", "content": padded}]),
        )

    def _reply(self, generation: str, before_action: str) -> tuple[str, str, str, bool]:
        """See `Frames`: generation, lead-in, end of thoughts, and whether a reply begins in thoughts."""
        # What stands before a past reply and is not part of the question for one is written by the model.
        written = before_action.removeprefix(generation) if before_action.startswith(generation) else ""
        spaces = "" if written.strip() else written
        closing = left_open(generation)
        if not self._thinking:
            if closing:  # the template always opens thoughts
                return f"{generation.rstrip()}\n\n{closing}\n\n", "", "", False
            return generation + written.removeprefix(spaces), spaces, "", False
        if closing:
            return generation, "", closing, True
        if closing_in(written) and not opening_in(written):  # thoughts and answer are messages of their own (GPT-OSS)
            return generation, "", written, True
        end = closing_in(self._tokenizer.get_chat_template())
        if not end:
            raise UnusableChatTemplate(
                f"The chat template of {self._name} has no known marks of thoughts: set `max_thought_tokens` to 0."
            )
        return generation, "", end, False

    def _after_reply(self, conversation: list[dict[str, str]]) -> str:
        """The text after the last reply; "" if the template refuses conversations that end with one."""
        try:
            return self._around(self._rendered(conversation), _DONE)[1]
        except UnusableChatTemplate:
            return ""

    def _rendered(self, messages: list[dict[str, str]], *, reply: bool = False) -> str:
        options = THINKING if self._thinking else TEMPLATE_OPTIONS
        return templated(self._tokenizer, messages, reply=reply, options=options)

    def _around(self, text: str, placeholder: str) -> tuple[str, str]:
        if text.count(placeholder) != 1:
            raise UnusableChatTemplate(
                f"The chat template of {self._name} leaves out, repeats or changes a message; {_OTHER}."
            )
        before, _, after = text.partition(placeholder)
        return before, after
