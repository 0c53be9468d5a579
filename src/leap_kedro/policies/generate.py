"""Plain `generate` of transformers, for causal LMs that the slot engine does not support.

Every prompt is encoded as a whole at every decision, in one left-padded batch, or alone if the model does not mask the
padding. Sampling uses the conversation's own random numbers, as the engine does.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from leap_kedro.policies.admissible import ActionHold
from leap_kedro.policies.decoding import Decoding, Generated, Generator
from leap_kedro.policies.folder import context_of
from leap_kedro.policies.token_sampling import Position, choose, uniforms
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import Renderer

_PROBE = 8  # tokens of a prompt, and of the padding in front of it
_ROUNDING = 0.05  # relative difference of logits that half precision can cause, with a margin


class PlainGenerator(Generator):
    """Decodes replies with any transformers causal LM."""

    def __init__(self, model: Any, renderer: Renderer, decoding: Decoding, batch: int = 64) -> None:
        """Wrap a model in evaluation mode; at most `batch` conversations are decoded together."""
        super().__init__(renderer, decoding, batch if _masks_padding(model) else 1)
        self._model = model

    @property
    def context(self) -> int:
        """Maximum number of tokens of prompt and reply together."""
        return context_of(self._model.config) or 1_000_000

    @torch.inference_mode()
    def _group(self, conversations: Sequence[Conversation]) -> list[Generated]:
        prompts = [[*self._prompts.trunk(conversation), *self._prompts.branch] for conversation in conversations]
        longest = max(map(len, prompts))
        padding = self._ends[0]
        tokens = torch.tensor([[padding] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        chooser = _Chooser(conversations, longest, self._decoding, [self._hold(each) for each in conversations])
        output = self._model.generate(
            input_ids=tokens.to(self._model.device),
            attention_mask=mask.to(self._model.device),
            max_new_tokens=self._decoding.max_new_tokens,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            eos_token_id=list(self._ends),
            pad_token_id=padding,
            logits_processor=[chooser],
        )
        replies = [self._cut(row) for row in output[:, longest:].tolist()]
        return [
            Generated(reply, len(prompt), sum(logprobs[: len(reply)]) if self._decoding.logprobs else None)
            for reply, prompt, logprobs in zip(replies, prompts, chooser.logprobs, strict=True)
        ]

    def _cut(self, row: Sequence[int]) -> tuple[int, ...]:
        """The reply up to and with its end token, within the limits."""
        ends = [index for index, token in enumerate(row) if token in self._ends]
        reply = tuple(row[: ends[0] + 1] if ends else row)
        return reply[: self._decoding.longest(reply, self._thought_end)]


@torch.inference_mode()
def _masks_padding(model: Any) -> bool:
    """Whether padding in front of a prompt leaves the answer as it is; recurrent models such as RWKV read it."""
    prompt = torch.arange(_PROBE)[None] % model.get_input_embeddings().weight.shape[0]
    logits = []
    for padding in (0, _PROBE):
        tokens = torch.cat([torch.zeros(1, padding, dtype=torch.long), prompt], 1).to(model.device)
        mask = torch.cat([torch.zeros(1, padding, dtype=torch.long), torch.ones_like(prompt)], 1).to(model.device)
        how = {"max_new_tokens": 1, "do_sample": False, "num_beams": 1, "pad_token_id": 0}
        shown = {"output_logits": True, "return_dict_in_generate": True}
        logits.append(model.generate(input_ids=tokens, attention_mask=mask, **how, **shown).logits[0].float())
    return float((logits[0] - logits[1]).norm() / logits[0].norm()) < _ROUNDING


class _Chooser:
    """A logits processor that leaves one token per row: the one that `choose` takes."""

    def __init__(
        self,
        conversations: Sequence[Conversation],
        prompt_length: int,
        decoding: Decoding,
        holds: Sequence[ActionHold | None],
    ) -> None:
        self._prompt_length = prompt_length
        self._decoding = decoding
        self._random = [uniforms(conversation, decoding.max_new_tokens).tolist() for conversation in conversations]
        self._holds = holds
        self._states = [hold.start() if hold else () for hold in holds]
        self.logprobs: list[list[float]] = [[] for _ in conversations]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """See `transformers.LogitsProcessor`."""
        step = input_ids.shape[1] - self._prompt_length
        positions = []
        for row, hold in enumerate(self._holds):
            if hold and step:
                self._states[row] = hold.advance(self._states[row], int(input_ids[row, -1]))
            allowed = hold.allowed(self._states[row]) if hold else None
            positions.append(Position(self._random[row][step], allowed))
        tokens, logprobs = choose(scores.float(), positions, self._decoding.temperature, self._decoding.logprobs)
        for kept, logprob in zip(self.logprobs, logprobs or [0.0] * len(tokens), strict=True):
            kept.append(logprob)
        only = torch.full_like(scores, -torch.inf)
        only[torch.arange(len(tokens)), tokens] = 0.0
        return only
