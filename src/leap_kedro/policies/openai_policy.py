"""A policy behind an OpenAI-compatible server: a language model that is prompted (as in ReAct), or a trained student.

It writes a reason and an action at each step. Conversations are answered independently, up to the limit of concurrent
calls in the model's parameters. If the key, the model's name or the budget is at fault, play stops.

The server restricts replies to the admissible actions, in the form that it supports. A reply that violates the
restriction shows that the server ignores this form; it is requested again in another form.

NOT covered: log-probabilities.
"""

from dataclasses import dataclass, replace

from leap_kedro.environments.registry import environment_instructions
from leap_kedro.language_models import (
    Access,
    ActionForm,
    BudgetParameters,
    BudgetSpent,
    Completion,
    Constraint,
    Enforced,
    Finish,
    LanguageModel,
    LanguageModelError,
    Message,
    ModelParameters,
    ModelRefusedRequest,
    PromptTooLong,
    Request,
    RequestRejected,
    Role,
)
from leap_kedro.policies.protocol import PolicyStopped, Reply, ServedPolicy
from leap_kedro.policies.tool_actions import read_call, tool_messages, tool_of
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.listed_replies import follows_grammar, parse_json_reply, reply_grammar, reply_schema
from leap_kedro.prompts.messages import GENERAL_RULES, TOOL_RULES, chat_messages, rules_text
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.prompts.renderer import ParsedReply
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
        hold_to_admissible: Whether the server has to restrict replies to the admissible actions, if any are listed.
        trained: Whether the model was trained to answer such prompts. If not, its prompts list the admissible actions
            with `hold_to_admissible`, it may answer in JSON, and its replies may stay free.
        has_system: Whether the rules are a system message; if not, they begin the first message of the user.
        actions: How it states its actions.
    """

    id: str
    model: ModelParameters
    access: Access
    budget: BudgetParameters
    environment: str = ""
    examples: str = ""
    hold_to_admissible: bool = False
    trained: bool = False
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
        how = {"hold": self.hold_to_admissible, "trained": self.trained, "has_system": self.has_system}
        return OpenAIPolicy(self.id, model, rules, actions=self.actions, **how)


class OpenAIPolicy(ServedPolicy):
    """Answers with a served model; `rules` are the first message of every conversation.

    Only the server knows whether a conversation fits: if not, the reply is marked as `too_long`.
    """

    def __init__(
        self,
        name: str,
        model: LanguageModel,
        rules: str,
        *,
        hold: bool,
        trained: bool,
        has_system: bool = True,
        actions: ActionForm = ActionForm.TEXT,
    ) -> None:
        self.id = name
        self._model = model
        self._rules = rules
        self._hold = hold
        self._trained = trained
        self._has_system = has_system
        self._actions = actions

    async def answer(self, conversation: Conversation) -> Reply:
        """See `ServedPolicy`."""
        try:
            completion = await self._completion(conversation, self._request(conversation))
        except _FOR_ALL as error:
            raise PolicyStopped(str(error)) from error
        except RequestRejected as error:
            return Reply.failed(str(error), too_long=isinstance(error, PromptTooLong))
        reply = Reply.of(_read(completion, conversation), completion.prompt_tokens, completion.completion_tokens)
        return replace(reply, held=completion.enforced is not None) if self._holds(conversation) else reply

    async def _completion(self, conversation: Conversation, request: Request) -> Completion:
        while True:
            completion = await self._model.complete(request, lambda found: self._is_usable(found, conversation))
            if completion.enforced is not None and self._violates(completion, conversation):
                self._model.distrust(completion.enforced)
                continue
            # A prompted model has at least seen the list. A student's results would be those of another setting.
            if self._trained and request.constraint and not self._model.can_enforce(request.constraint):
                raise PolicyStopped(
                    f"{self._model.parameters.address} does not hold replies to the admissible actions: it refuses or "
                    "ignores the field `structured_outputs` of requests. Serve with a newer vLLM, or set "
                    "`rollout.hold_to_admissible` and `evaluation.hold_to_admissible` to false in a new experiment."
                )
            return completion

    def _is_usable(self, completion: Completion, conversation: Conversation) -> bool:
        readable = _read(completion, conversation).status is ParseStatus.OK
        return readable and not self._violates(completion, conversation)

    def _violates(self, completion: Completion, conversation: Conversation) -> bool:
        """Whether a reply cannot come from a server that enforces the form in which the constraint was sent."""
        answered = completion.finish in (Finish.STOP, Finish.LENGTH) and completion.answer.strip()
        finished = completion.finish is Finish.STOP
        if completion.enforced is None or not answered:
            return False
        if completion.enforced is Enforced.JSON_SCHEMA:
            return finished and _read(completion, conversation).status is not ParseStatus.OK
        listed = conversation.admissible or ()
        return not follows_grammar(completion.text, listed, finished, trained=self._trained)

    def _holds(self, conversation: Conversation) -> bool:
        return self._hold and bool(conversation.admissible)

    def _request(self, conversation: Conversation) -> Request:
        how = {"listing": self._hold and not self._trained, "has_system": self._has_system}
        # At temperature 0 a seed would only change the cache key of the answer.
        sampled = self._model.parameters.temperature != 0
        seed = conversation.seed + len(conversation.turns) if sampled else None
        if self._actions is ActionForm.TOOL:
            tool = tool_of(conversation, listing=how["listing"])
            asked = tuple(tool_messages(conversation, self._rules, **how))
            return Request(asked, seed=seed, tools=(tool,), conversation=conversation.key)
        shown = chat_messages(conversation, self._rules, **how)
        return Request(
            tuple(Message(Role(role), text) for role, text in shown),
            seed=seed,
            constraint=self._constraint(conversation.admissible or ()) if self._holds(conversation) else None,
            conversation=conversation.key,
        )

    def _constraint(self, actions: tuple[str, ...]) -> Constraint:
        return Constraint(
            reply_grammar(actions, trained=self._trained), None if self._trained else reply_schema(actions)
        )


def _read(completion: Completion, conversation: Conversation) -> ParsedReply:
    finished = completion.finish is not Finish.LENGTH
    if completion.calls:
        parsed = read_call(completion.answer, completion.calls[0], conversation.admissible, finished)
    else:
        parse = parse_json_reply if completion.enforced is Enforced.JSON_SCHEMA else parse_reply
        parsed = parse(completion.text, conversation.admissible or (), finished)
    if completion.finish in (Finish.REFUSAL, Finish.CONTENT_FILTER) and parsed.status is not ParseStatus.OK:
        parsed = replace(parsed, status=ParseStatus.REFUSED)
    elif completion.thought and not completion.answer.strip() and not completion.calls:
        parsed = replace(parsed, status=ParseStatus.ONLY_THOUGHTS)
    return parsed
