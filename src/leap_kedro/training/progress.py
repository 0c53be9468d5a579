"""Progress and result of a training, and the trainer's callback that reports them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from leap_kedro.training.checkpoints import keep_last_two, mark_whole


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a training.

    Attributes:
        step: Number of completed optimizer steps.
        steps: Total number of steps.
        loss: Mean loss since the last report.
        learning_rate: Rate of the last step.
        tokens: Tokens read so far, counted as in the result.
        seconds: Seconds of the training loop in this process.
        resumed_at: Step of the checkpoint that this process started from; 0 for none.
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
    """Result of a training.

    Attributes:
        steps: Optimizer steps, including those before an interruption.
        tokens: Tokens read in training, without padding and counted after packing.
        losses: Reported (step, loss) pairs, including those before an interruption.
        seconds: Seconds of the training loop in the process that finished it.
        resumed_at: Step of the checkpoint that this process started from; 0 for none.
        world_size: Number of processes.
        dropped: Replies (preference data: pairs) that were too long.
        packing: Whether rows were packed.
        why_not_packed: Why rows were not packed under ``auto``; otherwise "".
        preference: Rewards of chosen and rejected replies, their margin and the share of correctly ordered pairs
            (``rewards/...``), as means since the last report; empty for supervised fine-tuning.
        objective: Share of clipped tokens and divergence from the policy that sampled (``objective/...``), as means
            since the last report; only for GRPO.
        validation: (step, loss) pairs of the validation data at each checkpoint.
        best_step: Step of the checkpoint with the lowest validation loss.
        torn_checkpoints: Ignored checkpoints whose files had changed, and how.
        dtype: Number format of the computation, which depends on the processor under ``auto``.
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
    objective: Mapping[str, float] = field(default_factory=dict)
    validation: tuple[tuple[int, float], ...] = ()
    best_step: int | None = None
    torn_checkpoints: tuple[str, ...] = ()
    dtype: str = "float32"


def reporter(tokens: NDArray[np.int64], evaluates: bool, on_progress: Callable[[Progress], None] | None) -> Any:
    """The trainer's callback that reports progress.

    Args:
        tokens: Tokens read up to and including each step.
        evaluates: Whether the validation loss is measured at each checkpoint.
        on_progress: Called at every report of the loss, in the first process.
    """
    import torch
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        """Reports the loss, requests the evaluation of each checkpoint, and marks it as complete once written."""

        def __init__(self) -> None:
            self.begun = time.perf_counter()
            self.resumed_at = 0

        def seconds(self) -> float:
            return time.perf_counter() - self.begun

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.begun = time.perf_counter()
            self.resumed_at = state.global_step
            # The state of a checkpoint contains the intervals of the call that wrote it.
            state.compute_steps(args, state.max_steps)
            # Nor does a path hold that was recorded on another machine.
            best = Path(args.output_dir) / f"checkpoint-{state.best_global_step}"
            if best.is_dir():
                state.best_model_checkpoint = str(best)

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
                torch.distributed.barrier()  # each process writes its own files
            if state.is_world_process_zero:
                mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")
                keep_last_two(Path(args.output_dir), state.best_model_checkpoint)

    return Reporter()
