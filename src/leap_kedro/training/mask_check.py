"""Checks on the training data whether a model's attention supports the mask of packed rows."""

import logging
from collections.abc import Sequence
from typing import Any

from leap_kedro.records.errors import in_one_line
from leap_kedro.training.packing import Packed, unpacked

LARGEST_DIFFERENCE = {"float32": 1e-4, "bfloat16": 3e-2}
"""Relative difference of the logits that rounding alone can cause, with a margin."""

logger = logging.getLogger(__name__)


def why_no_tree(model: Any, packs: Sequence[Packed]) -> str:
    """Why this model cannot be trained on packed rows; "" if it can.

    Two rows of the deepest sequence, including the longest one, are evaluated packed and separately. Their logits
    differ if the model has no attention mask (state-space models), or if the given mask replaces one of its own (a
    sliding window that is shorter than the rows). Where attention along the tree is quicker than the model's own and
    gives these logits, the model is switched to it.

    Args:
        model: A causal LM.
        packs: The training data.
    """
    from leap_kedro.training.tree_attention import pays, tree_attention

    deepest = max((packed for packed in packs if packed.row_count > 1), key=lambda packed: packed.depth, default=None)
    if deepest is None:
        return ""
    pairs = [pair for pair in unpacked(deepest, together=2) if pair.row_count == 2]
    two_rows = max(pairs, key=lambda pair: pair.depth)
    training = model.training
    model.eval()
    try:
        single = _logits(model, two_rows, tree=False)
        dtype = str(model.get_input_embeddings().weight.dtype).removeprefix("torch.")
        within = LARGEST_DIFFERENCE.get(dtype, LARGEST_DIFFERENCE["bfloat16"])
        if pays(model):
            try:
                with tree_attention(model):
                    _compare(_logits(model, two_rows), single, within)
                return ""
            except (TypeError, ValueError, RuntimeError) as error:
                logger.info("The model keeps its own attention, which is slower on a CPU: %s", error)
        _compare(_logits(model, two_rows), single, within)
    except _Differ as error:
        return str(error)
    except (TypeError, ValueError, RuntimeError) as error:
        return f"its attention does not support the mask ({in_one_line(error)})"
    finally:
        model.train(training)
    return ""


class _Differ(ValueError):
    """The logits of packed and of single rows differ."""


def _logits(model: Any, packed: Packed, tree: bool = True) -> Any:
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import packed_logits

    with torch.inference_mode():
        batch = {name: values.to(model.device) for name, values in collate([packed], tree).items()}
        return packed_logits(model, batch)


def _compare(packed: Any, single: Any, within: float) -> None:
    difference = float((packed - single).norm() / single.norm())
    if not difference <= within:  # also if it is not a number
        raise _Differ(f"its logits of packed rows differ from those of single rows, by {difference:.2g} of their size")
