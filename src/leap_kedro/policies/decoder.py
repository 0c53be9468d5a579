"""Forward pass of a Llama-family decoder over many slots of a key-value cache at once.

Each slot contains one sequence. A pass takes spans, which are new tokens of some slots after a cursor. The tokens of
all spans are in one flat row for everything but attention, so there is no padding. Moving the cursor back drops the
tokens after it, which are overwritten.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional

from leap_kedro.policies.attention import PaddedAttention, SlotwiseAttention, Span
from leap_kedro.policies.weights import DecoderWeights

_TOKENS_A_PASS = 2048
_SMALLEST_CACHE = 512


class CachedDecoder:
    """A model and the key-value cache of `slots` conversations, on the device of the weights.

    The cache of a layer is (slot, key heads then value heads, position, head size). It doubles when a conversation
    needs more positions, up to the model's context.
    """

    def __init__(self, weights: DecoderWeights, slots: int) -> None:
        self._weights = weights
        self._slots = slots
        self._device = weights.embedding.device
        self._dtype = weights.embedding.dtype
        self._attention = SlotwiseAttention if self._device.type == "cpu" else PaddedAttention
        self._positions = min(_SMALLEST_CACHE, self.context)
        self._cache = [self._empty() for _ in weights.layers]

    @property
    def context(self) -> int:
        """Maximum number of tokens in a slot."""
        return self._weights.rotations.shape[0]

    @torch.inference_mode()
    def copy(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of slot `source` to slot `target`."""
        for layer in self._cache:
            layer[target, :, :length] = layer[source, :, :length]

    @torch.inference_mode()
    def logits(self, spans: Sequence[Span]) -> Tensor:
        """Append the spans to their slots and return logits (sum of wanted, vocabulary) in float32, in order.

        The slots of the spans must differ, and the spans must fit into the context.
        """
        self._reserve(max(span.end for span in spans))
        hidden = [self._hidden(batch) for batch in _passes(spans)]
        return functional.linear(self._norm(torch.cat(hidden)), self._weights.head).float()

    def _empty(self) -> Tensor:
        weights = self._weights
        shape = (self._slots, 2 * weights.key_value_heads, self._positions, weights.head_size)
        return torch.zeros(shape, dtype=self._dtype, device=self._device)

    def _reserve(self, needed: int) -> None:
        if needed <= self._positions:
            return
        held = self._positions
        self._positions = min(self.context, max(needed, 2 * held))
        for index, old in enumerate(self._cache):
            self._cache[index] = self._empty()
            self._cache[index][:, :, :held] = old

    def _norm(self, hidden: Tensor) -> Tensor:
        """Root mean square norm, in float32 as in transformers; its scale is folded into the next matrix."""
        return functional.rms_norm(hidden.float(), hidden.shape[-1:], eps=self._weights.norm_eps).to(self._dtype)

    def _hidden(self, spans: Sequence[Span]) -> Tensor:
        """Last hidden states (sum of wanted, hidden) of one pass."""
        weights = self._weights
        tokens, slots, positions, wanted = self._flat(spans)
        rotations = weights.rotations[positions, None]
        groups = weights.heads // weights.key_value_heads
        attend = self._attention(spans, weights.key_value_heads, groups, self._device)
        hidden = functional.embedding(tokens, weights.embedding)
        for layer, cache in zip(weights.layers, self._cache, strict=True):
            mixed = functional.linear(self._norm(hidden), layer.query_key_value, layer.query_key_value_bias)
            mixed = mixed.view(len(tokens), -1, weights.head_size)
            turned = mixed[:, : weights.heads + weights.key_value_heads]
            if layer.head_scale is not None:
                turned.copy_(self._norm(turned) * layer.head_scale)
            if layer.rotates:
                self._rotate(turned, rotations)
            cache[slots, :, positions] = mixed[:, weights.heads :]
            read = attend(mixed[:, : weights.heads], cache)
            hidden = hidden + functional.linear(read, layer.attention_out, layer.attention_out_bias)
            gate, up = functional.linear(self._norm(hidden), layer.gate_up, layer.gate_up_bias).chunk(2, dim=-1)
            hidden = hidden + functional.linear(weights.activation(gate) * up, layer.down, layer.down_bias)
        return hidden[wanted]

    def _rotate(self, heads: Tensor, rotations: Tensor) -> None:
        """Rotary embedding in place; `heads` is (tokens, heads, head size) with the pairs side by side."""
        pairs = torch.view_as_complex(heads.float().view(*heads.shape[:2], -1, 2))
        pairs *= rotations
        if self._dtype != torch.float32:
            heads.copy_(torch.view_as_real(pairs).flatten(-2))

    def _flat(self, spans: Sequence[Span]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Token ids, slots and positions of all tokens, and the indices of the wanted ones."""
        tokens = [token for span in spans for token in span.tokens]
        slots = [span.slot for span in spans for _ in span.tokens]
        positions = [position for span in spans for position in range(span.start, span.end)]
        ends = accumulate(len(span.tokens) for span in spans)
        wanted = [index for span, end in zip(spans, ends, strict=True) for index in range(end - span.wanted, end)]
        table = torch.tensor([tokens, slots, positions], device=self._device)
        return table[0], table[1], table[2], torch.tensor(wanted, device=self._device)


def _passes(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The spans in groups of limited size, which keeps activations in the processor's caches and bounds memory."""
    batch: list[Span] = []
    size = 0
    for span in spans:
        if batch and size + len(span.tokens) > _TOKENS_A_PASS:
            yield batch
            batch, size = [], 0
        batch.append(span)
        size += len(span.tokens)
    yield batch
