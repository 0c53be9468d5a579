"""One reply while it is written: what to encode next, what may follow, and what was chosen."""

from collections.abc import Collection, Sequence

from leap_kedro.policies.admissible import ActionHold, HoldState
from leap_kedro.policies.attention import Span
from leap_kedro.policies.decoding import Decoding, Generated
from leap_kedro.policies.drafts import Draft, DraftMemory
from leap_kedro.policies.token_sampling import Position, uniforms
from leap_kedro.prompts.conversation import Conversation


class SpeculativeReply:
    """A reply that grows by what is accepted after each forward pass.

    A pass encodes the tokens that are certain and a draft of those that come after; a draft's token counts only as
    long as the model chooses the same.
    """

    def __init__(
        self,
        conversation: Conversation,
        slot: int,
        prompt: Sequence[int],
        held: int,
        hold: ActionHold | None,
        ends: Collection[int],
        decoding: Decoding,
        memory: DraftMemory,
    ) -> None:
        """Begin a reply.

        Args:
            conversation: What is answered.
            slot: Where its tokens lie.
            prompt: Token ids of trunk and branch.
            held: How many of them the slot holds; fewer than all.
            hold: What the action is held to; None leaves it free.
            ends: Token ids that end a reply.
            decoding: How to decode.
            memory: Where drafts come from.
        """
        self.done = False
        self._slot, self._start, self._certain = slot, held, list(prompt[held:])
        self._prompt_tokens = len(prompt)
        self._hold, self._state = hold, hold.start() if hold else ()
        self._ends, self._decoding, self._memory = ends, decoding, memory
        self._reply: list[int] = []
        self._logprob = 0.0
        self._random = uniforms(conversation, decoding.max_new_tokens).tolist() if decoding.temperature else []
        self._draft = Draft(memory, memory.last(conversation.key))
        self._key = conversation.key
        self._drafted: list[int] = []
        self._allowed: list[Sequence[int] | None] = []
        self._plan()

    def span(self) -> Span:
        """What the next pass has to encode for this reply."""
        return Span(self._slot, self._start, [*self._certain, *self._drafted], len(self._drafted) + 1)

    def positions(self) -> list[Position]:
        """What decides the token after the certain ones and after each drafted one."""
        count = len(self._reply)
        random = self._random or [0.0] * self._decoding.max_new_tokens
        return [Position(random[count + index], allowed) for index, allowed in enumerate(self._allowed)]

    def accept(self, tokens: Sequence[int], logprobs: Sequence[float]) -> None:
        """Take what was chosen at each of `positions`, up to the first that was drafted otherwise."""
        agreed = 0
        while agreed < len(self._drafted) and tokens[agreed] == self._drafted[agreed]:
            agreed += 1
        self._memory.count(len(self._drafted), agreed)
        self._start += len(self._certain) + agreed
        self._certain = [tokens[agreed]]
        self._logprob += sum(logprobs[: agreed + 1])
        for token in tokens[: agreed + 1]:
            self._append(token)
        if not self._decoding.logprobs:
            self._append_forced()
        if self.done:
            self._memory.learn(self._key, self._reply)
        else:
            self._plan()

    def result(self) -> Generated:
        """The finished reply."""
        logprob = self._logprob if self._decoding.logprobs else None
        return Generated(tuple(self._reply), self._prompt_tokens, logprob)

    def _append(self, token: int) -> None:
        self._reply.append(token)
        self._draft.follow(token)
        if self._hold is not None:
            self._state = self._hold.advance(self._state, token)
        self.done = token in self._ends or len(self._reply) == self._decoding.max_new_tokens

    def _append_forced(self) -> None:
        """Write what the hold leaves no choice about: it takes no forward pass."""
        while not self.done and self._hold is not None:
            allowed = self._hold.allowed(self._state)
            if allowed is None or len(allowed) != 1:
                return
            self._certain.append(allowed[0])
            self._append(allowed[0])

    def _plan(self) -> None:
        """Draft as far as the hold and the limit of new tokens let it."""
        state: HoldState = self._state
        room = self._decoding.max_new_tokens - len(self._reply) - 1
        self._drafted, self._allowed = [], [self._hold.allowed(state) if self._hold else None]
        for token in self._draft.tokens()[:room]:
            allowed = self._allowed[-1]
            if token in self._ends or (allowed is not None and token not in allowed):
                return
            if self._hold is not None:
                state = self._hold.advance(state, token)
            self._drafted.append(token)
            self._allowed.append(self._hold.allowed(state) if self._hold else None)
