"""Checks on the training data whether a model's attention supports the mask of packed rows."""

from collections.abc import Sequence
from typing import Any

from leap_kedro.training.packing import Packed, unpacked

LARGEST_DIFFERENCE = {"float32": 1e-4, "bfloat16": 3e-2}
"""Relative difference of the logits that rounding alone can cause, with a margin."""


def why_no_tree(model: Any, packs: Sequence[Packed]) -> str:
    """Why this model cannot be trained on packed rows; "" if it can.

    Two rows of the deepest sequence, including the longest one, are evaluated packed and separately. Their logits
    differ if the model has no attention mask (state-space models), or if the given mask replaces one of its own (a
    sliding window that is shorter than the rows).

    Args:
        model: A causal LM.
        packs: The training data.
    """
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import packed_logits

    deepest = max((packed for packed in packs if packed.row_count > 1), key=lambda packed: packed.depth, default=None)
    if deepest is None:
        return ""
    pairs = [pair for pair in unpacked(deepest, together=2) if pair.row_count == 2]
    two_rows = max(pairs, key=lambda pair: pair.depth)
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            logits = [
                packed_logits(model, {name: values.to(model.device) for name, values in collated.items()})
                for collated in (collate([two_rows]), collate([two_rows], tree=False))
            ]
    except (TypeError, ValueError, RuntimeError) as error:
        return f"its attention does not support the mask ({type(error).__name__}: {str(error).splitlines()[0]})"
    finally:
        model.train(training)
    difference = float((logits[0] - logits[1]).norm() / logits[1].norm())
    dtype = str(model.get_input_embeddings().weight.dtype).removeprefix("torch.")
    if difference <= LARGEST_DIFFERENCE.get(dtype, LARGEST_DIFFERENCE["bfloat16"]):
        return ""
    return f"its logits of packed rows differ from those of single rows, by {difference:.2g} of their size"
