"""Where a training is and what it did: values, and the trainer's callback that reports them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from leap_kedro.training.checkpoints import mark_whole


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training is.

    Attributes:
        step: Optimizer steps done.
        steps: Steps in all.
        loss: Mean loss of the steps since the last report.
        learning_rate: Rate of the last step.
        tokens: Tokens read so far, as of the result.
        seconds: Seconds of this process's training loop (a resumed run counts from its start).
        resumed_at: Step of the checkpoint that this process started from; 0 if it started afresh.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    tokens: int
    seconds: float
    resumed_at: int = 0


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training did.

    Attributes:
        steps: Optimizer steps, those before an interruption included.
        tokens: Tokens read in training, without padding: as they were packed, or of all rows where they were not.
        losses: The reported losses, (step, loss), from the first step on, also of a resumed run.
        seconds: Seconds of the training loop in the process that finished it.
        resumed_at: Step of the checkpoint that this process started from; 0 if it started afresh.
        world_size: Processes that shared the batches.
        dropped: Replies (of preference data: pairs) that were too long to be trained on.
        packing: ``tree`` or ``none``: whether rows were packed.
        why_not_packed: Why they were not, where that was not asked for; else "".
        preference: Implicit rewards of chosen and rejected replies, their margin and the share of pairs in the right
            order (``rewards/...``), means since the last report; empty for supervised fine-tuning.
        validation: The losses of the validation data, (step, loss), at each checkpoint; empty where there are none.
        best_step: Step of the checkpoint with the lowest of them.
        torn_checkpoints: Checkpoints that were not gone on from, because their files had changed, and how.
    """

    steps: int
    tokens: int
    losses: tuple[tuple[int, float], ...]
    seconds: float
    resumed_at: int
    world_size: int
    dropped: int = 0
    packing: Literal["tree", "none"] = "tree"
    why_not_packed: str = ""
    preference: Mapping[str, float] = field(default_factory=dict)
    validation: tuple[tuple[int, float], ...] = ()
    best_step: int | None = None
    torn_checkpoints: tuple[str, ...] = ()


def reporter(tokens: NDArray[np.int64], evaluates: bool, on_progress: Callable[[Progress], None] | None) -> Any:
    """The trainer's callback that tells where the training is.

    Args:
        tokens: Tokens read up to and including each step.
        evaluates: Whether there are validation data, to be measured at each checkpoint.
        on_progress: Called at every report of the loss, in the first process.
    """
    import torch
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        """Reports the loss, has each checkpoint evaluated, and marks it as whole once all of it is written."""

        def __init__(self) -> None:
            self.begun = time.perf_counter()
            self.resumed_at = 0

        def seconds(self) -> float:
            return time.perf_counter() - self.begun

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.begun = time.perf_counter()
            self.resumed_at = state.global_step
            # The state of a checkpoint brings the intervals of the call that wrote it.
            state.compute_steps(args, state.max_steps)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_evaluate = evaluates and control.should_save

        def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            logs = given["logs"]
            if on_progress is not None and "loss" in logs and state.is_world_process_zero:
                on_progress(
                    Progress(
                        step=state.global_step,
                        steps=state.max_steps,
                        loss=float(logs["loss"]),
                        learning_rate=float(logs["learning_rate"]),
                        tokens=int(tokens[state.global_step - 1]),
                        seconds=self.seconds(),
                        resumed_at=self.resumed_at,
                    )
                )

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if torch.distributed.is_initialized():
                torch.distributed.barrier()  # each process writes files of its own
            if state.is_world_process_zero:
                mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Reporter()
