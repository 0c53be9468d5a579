"""A policy behind an OpenAI-compatible server: a language model that is prompted and not trained (as in ReAct).

It writes a reason and an action at each step. The requests of a batch are concurrent, up to the limit in the model's
parameters. A failed request is an infrastructure error of its episode. If all requests of a batch fail, or the key, the
model's name or the budget is at fault, play stops.

NOT covered: restricting replies to the admissible actions (the prompt can list them), and log-probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leap_kedro.environments.registry import environment_instructions
from leap_kedro.language_models import (
    Access,
    ActionForm,
    BudgetParameters,
    BudgetSpent,
    Completion,
    Finish,
    LanguageModel,
    LanguageModelError,
    Message,
    ModelParameters,
    ModelRefusedRequest,
    ModelUnavailable,
    PromptTooLong,
    Request,
    Role,
    in_order,
)
from leap_kedro.policies.protocol import Policy, PolicyStopped, Reply
from leap_kedro.policies.tool_actions import read_call, tool_messages, tool_of
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import GENERAL_RULES, TOOL_RULES, chat_messages, rules_text
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus

_FOR_ALL = (BudgetSpent, ModelRefusedRequest)
"""Errors that affect all further calls."""


@dataclass(frozen=True, slots=True)
class OpenAIPolicySpec:
    """Everything that is needed to call a served model.

    Attributes:
        id: Name of the policy in episodes.
        model: The model and its server.
        access: Key, prices, cache.
        budget: Budget from `load` on.
        environment: Registered name of the environment whose instructions are in the prompt; "" for none.
        examples: Finished episodes in the prompt, as written by `examples_text`; "" for none (zero-shot).
        show_admissible: Whether the prompt lists the currently admissible actions.
        has_system: Whether the rules are a system message; if not, they begin the first message of the user.
        actions: How it states its actions.
    """

    id: str
    model: ModelParameters
    access: Access
    budget: BudgetParameters
    environment: str = ""
    examples: str = ""
    show_admissible: bool = False
    has_system: bool = True
    actions: ActionForm = ActionForm.TEXT

    def load(self) -> "OpenAIPolicy":
        """The policy, without calling the model.

        Raises:
            PolicyStopped: If there is a budget in dollars but no price.
        """
        instructions = environment_instructions(self.environment) if self.environment else ""
        try:
            model = LanguageModel(self.model, self.access, self.budget)
        except LanguageModelError as error:
            raise PolicyStopped(str(error)) from error
        general = TOOL_RULES if self.actions is ActionForm.TOOL else GENERAL_RULES
        rules = rules_text(instructions, self.examples, general)
        return OpenAIPolicy(self.id, model, rules, self.show_admissible, self.has_system, self.actions)


class OpenAIPolicy(Policy):
    """Answers with a served model; `rules` are the first message of every conversation.

    Only the server knows whether a conversation fits: if not, the reply is marked as `too_long`.
    """

    def __init__(
        self,
        name: str,
        model: LanguageModel,
        rules: str,
        show_admissible: bool,
        has_system: bool = True,
        actions: ActionForm = ActionForm.TEXT,
    ) -> None:
        self.id = name
        self._model = model
        self._rules = rules
        self._show_admissible = show_admissible
        self._has_system = has_system
        self._actions = actions

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`."""
        try:
            answers = in_order(self._answer, conversations, self._model.parameters.concurrency)
        except _FOR_ALL as error:
            raise PolicyStopped(str(error)) from error
        gone = [answer for answer in answers if isinstance(answer, ModelUnavailable)]
        if gone and len(gone) == len(answers):
            raise PolicyStopped(str(gone[-1]))
        return [Reply.failed(str(answer)) if isinstance(answer, LanguageModelError) else answer for answer in answers]

    async def _answer(self, conversation: Conversation) -> Reply | LanguageModelError:
        try:
            completion = await self._model.complete(
                self._request(conversation), lambda found: _read(found, conversation).status is ParseStatus.OK
            )
        except _FOR_ALL:
            raise
        except PromptTooLong as error:
            return Reply.failed(str(error), too_long=True)
        except LanguageModelError as error:
            return error
        return _read(completion, conversation)

    def _request(self, conversation: Conversation) -> Request:
        how = {"listing": self._show_admissible, "has_system": self._has_system}
        # At temperature 0 a seed would only change the cache key of the answer.
        sampled = self._model.parameters.temperature != 0
        seed = conversation.seed + len(conversation.turns) if sampled else None
        if self._actions is ActionForm.TOOL:
            tool = tool_of(conversation, listing=self._show_admissible)
            return Request(tuple(tool_messages(conversation, self._rules, **how)), seed=seed, tools=(tool,))
        shown = chat_messages(conversation, self._rules, **how)
        return Request(tuple(Message(Role(role), text) for role, text in shown), seed=seed)


def _read(completion: Completion, conversation: Conversation) -> Reply:
    finished = completion.finish is not Finish.LENGTH
    if completion.calls:
        parsed = read_call(completion.answer, completion.calls[0], conversation.admissible, finished)
    else:
        parsed = parse_reply(completion.text, conversation.admissible, finished)
    if completion.finish in (Finish.REFUSAL, Finish.CONTENT_FILTER) and parsed.status is not ParseStatus.OK:
        parsed = replace(parsed, status=ParseStatus.REFUSED)
    elif completion.thought and not completion.answer.strip() and not completion.calls:
        parsed = replace(parsed, status=ParseStatus.ONLY_THOUGHTS)
    return Reply.of(parsed, completion.prompt_tokens, completion.completion_tokens)
