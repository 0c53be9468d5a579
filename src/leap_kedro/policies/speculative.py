"""One reply while it is written: the tokens to encode next, those that may follow, and those that were chosen."""

from collections.abc import Collection, Sequence

from leap_kedro.policies.admissible import ActionHold, HoldState
from leap_kedro.policies.attention import Span
from leap_kedro.policies.decoding import Decoding, Generated
from leap_kedro.policies.drafts import Draft, DraftMemory
from leap_kedro.policies.token_sampling import Position, uniforms
from leap_kedro.prompts.conversation import Conversation


class SpeculativeReply:
    """A reply that grows by the tokens accepted after each forward pass.

    A pass encodes the certain tokens and a draft of the following ones. Drafted tokens are accepted as long as the
    model chooses the same.
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
        thought_end: Sequence[int] = (),
    ) -> None:
        """Start a reply.

        Args:
            conversation: The conversation to answer.
            slot: The slot with its tokens.
            prompt: Token ids of trunk and branch.
            held: Number of them in the slot; fewer than all.
            hold: Restriction of the action; None for none.
            ends: Token ids that end a reply.
            decoding: How to decode.
            memory: Source of drafts.
            thought_end: Token ids that end its thoughts; () if it has none.
        """
        self.done = False
        self._slot, self._start, self._certain = slot, held, list(prompt[held:])
        self._prompt_tokens = len(prompt)
        self._hold, self._state = hold, hold.start() if hold else ()
        self._ends, self._decoding, self._memory = ends, decoding, memory
        self._reply: list[int] = []
        self._thought_end = thought_end
        self._longest = decoding.longest((), thought_end)
        self._logprob = 0.0
        self._random = uniforms(conversation, decoding.max_new_tokens).tolist() if decoding.temperature else []
        self._draft = Draft(memory, memory.last(conversation.key))
        self._key = conversation.key
        self._drafted: list[int] = []
        self._allowed: list[Sequence[int] | None] = []
        self._plan()

    def span(self) -> Span:
        """The tokens of this reply to encode in the next pass."""
        return Span(self._slot, self._start, [*self._certain, *self._drafted], len(self._drafted) + 1)

    def positions(self) -> list[Position]:
        """Random numbers and restrictions for the token after the certain ones and after each drafted one."""
        count = len(self._reply)
        random = self._random or [0.0] * self._decoding.max_new_tokens
        return [Position(random[count + index], allowed) for index, allowed in enumerate(self._allowed)]

    def accept(self, tokens: Sequence[int], logprobs: Sequence[float]) -> None:
        """Accept the tokens chosen at `positions`, up to the first that differs from the draft."""
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
        if self._thought_end and token == self._thought_end[-1]:
            self._longest = self._decoding.longest(self._reply, self._thought_end)
        self.done = token in self._ends or len(self._reply) == self._longest

    def _append_forced(self) -> None:
        """Append tokens that the restriction determines, without a forward pass."""
        while not self.done and self._hold is not None:
            allowed = self._hold.allowed(self._state)
            if allowed is None or len(allowed) != 1:
                return
            self._certain.append(allowed[0])
            self._append(allowed[0])

    def _plan(self) -> None:
        """Draft as far as the restriction and the limit of new tokens allow."""
        state: HoldState = self._state
        room = self._longest - len(self._reply) - 1
        self._drafted, self._allowed = [], [self._hold.allowed(state) if self._hold else None]
        for token in self._draft.tokens()[:room]:
            allowed = self._allowed[-1]
            if token in self._ends or (allowed is not None and token not in allowed):
                return
            if self._hold is not None:
                state = self._hold.advance(state, token)
            self._drafted.append(token)
            self._allowed.append(self._hold.allowed(state) if self._hold else None)
