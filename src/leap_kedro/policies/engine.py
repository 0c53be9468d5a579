"""Local inference for Llama-family models: many episodes at once, each trunk in a slot of the key-value cache.

A reply is a branch: it is decoded after the trunk and dropped by leaving the cursor at the end of the trunk. At the
next decision of the conversation only the new part of the trunk is encoded. The engine compares the tokens in a slot
with those of the prompt and encodes the rest, so any conversation may come at any time. If a call has more
conversations than there are slots, they are answered in groups.

Covered: the families of `weights.is_supported`, one device, float32 or half precision. Not covered: quantized weights,
adapters that are not merged, several devices.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from leap_kedro.policies.attention import Span
from leap_kedro.policies.cache_slots import SlotTable, common_length
from leap_kedro.policies.decoder import CachedDecoder
from leap_kedro.policies.decoding import Decoding, Generated, Generator
from leap_kedro.policies.drafts import DraftMemory
from leap_kedro.policies.speculative import SpeculativeReply
from leap_kedro.policies.token_sampling import choose
from leap_kedro.policies.weights import extract_weights
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import Renderer

_SHORTEST_SHARED = 64


class SlotEngine(Generator):
    """Decodes replies with a transformers model for which `weights.is_supported`."""

    def __init__(self, model: Any, renderer: Renderer, decoding: Decoding, slots: int) -> None:
        """Copy the model's weights; `slots` conversations are kept in the cache."""
        super().__init__(renderer, decoding, slots)
        self._decoder = CachedDecoder(extract_weights(model), slots)
        self._table = SlotTable(slots)
        self._drafts = DraftMemory()

    @property
    def context(self) -> int:
        """Maximum number of tokens of prompt and reply together."""
        return self._decoder.context

    def _group(self, conversations: Sequence[Conversation]) -> list[Generated]:
        trunks = [self._prompts.trunk(conversation) for conversation in conversations]
        slots = self._place(_distinct_keys(conversations), trunks)
        writings = []
        for conversation, trunk, slot in zip(conversations, trunks, slots, strict=True):
            prompt = [*trunk, *self._prompts.branch]
            held = min(self._table.held(slot, trunk), len(prompt) - 1)
            self._table.hold(slot, trunk[:held])  # what comes after is overwritten, also by a call that fails
            hold = self._hold(conversation)
            how = self._ends, self._decoding, self._drafts, self._thought_end
            writings.append(SpeculativeReply(conversation, slot, prompt, held, hold, *how))
        self._write(writings)
        for trunk, slot in zip(trunks, slots, strict=True):
            self._table.hold(slot, trunk)
        return [writing.result() for writing in writings]

    def _write(self, writings: Sequence[SpeculativeReply]) -> None:
        """Decode until every reply has ended."""
        live = list(writings)
        while live:
            spans = [writing.span() for writing in live]
            positions = [position for writing in live for position in writing.positions()]
            logits = self._decoder.logits(spans)
            tokens, logprobs = choose(logits, positions, self._decoding.temperature, self._decoding.logprobs)
            start = 0
            for writing, span in zip(live, spans, strict=True):
                end = start + span.wanted
                writing.accept(tokens[start:end], logprobs[start:end])
                start = end
            live = [writing for writing in live if not writing.done]

    def _place(self, keys: Sequence[str], trunks: Sequence[list[int]]) -> list[int]:
        """A slot for each conversation, with what other slots already hold of its trunk copied into it."""
        fresh = [key not in self._table for key in keys]
        slots = [0] * len(keys)
        for index in sorted(range(len(keys)), key=fresh.__getitem__):
            slots[index] = self._table.take(keys[index])
        new = [index for index, is_fresh in enumerate(fresh) if is_fresh]
        shared = common_length([trunks[index] for index in new]) if len(new) > 1 else 0
        for index in new:
            slot, trunk = slots[index], trunks[index]
            donor, length = self._table.donor(slot, trunk)
            if donor != slot:
                self._decoder.copy(donor, slot, length)
            self._table.hold(slot, trunk[:length])
            if donor == slot and shared >= length + _SHORTEST_SHARED:
                self._decoder.logits([Span(slot, length, trunk[length:shared], 1)])
                self._table.hold(slot, trunk[:shared])
        return slots


def _distinct_keys(conversations: Sequence[Conversation]) -> list[str]:
    """Keys of slots: a conversation that occurs twice in a call needs two slots."""
    seen: Counter[str] = Counter()
    keys = []
    for conversation in conversations:
        seen[conversation.key] += 1
        count = seen[conversation.key]
        keys.append(conversation.key if count == 1 else f"{conversation.key}\0{count}")
    return keys
