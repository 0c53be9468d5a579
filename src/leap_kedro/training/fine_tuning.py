"""Fine-tuning of a causal LM on packed rows, in this process; `launch.train` gives it one of its own."""

import logging
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leap_kedro.policies.folder import load_tokenizer
from leap_kedro.records import UserError
from leap_kedro.training.batching import by_themselves, plan
from leap_kedro.training.checkpoints import last_whole
from leap_kedro.training.mask_check import why_no_tree
from leap_kedro.training.models import best_folder, load_checkpoint, load_trainable, save_policy
from leap_kedro.training.packing import Packed, fitting, row_lengths
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.progress import Progress, TrainingResult, reporter
from leap_kedro.training.sharding import why_not_shared_out
from leap_kedro.training.store import PackedFile

logger = logging.getLogger(__name__)


class TrainingRefused(UserError):
    """Start, data and parameters do not go together: the same call would end the same way again."""


def fine_tune(
    start: Path,
    packs: Sequence[Packed],
    parameters: FineTuning,
    work: Path,
    target: Path,
    *,
    validation: Sequence[Packed] = (),
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingResult:
    """Trains from `start` on the packed rows and saves a plain transformers folder.

    With validation data, the checkpoint with the lowest loss on them is saved, too, in `best_folder(target)`, unless it
    is the last.

    Args:
        start: Folder with config, weights and tokenizer.
        packs: Training data.
        parameters: How to train.
        work: Folder of the checkpoints; a whole one found there is resumed from, so it must belong to this training.
        target: Folder to write.
        validation: Data that are not trained on.
        on_progress: Called at every report of the loss, in the first process.

    Raises:
        UnusableAdapter: If an adapter cannot go on.
        TrainingRefused: If no row fits into the model's context, another number of processes runs than the parameters
            say, FSDP is asked for and not available, or the weights are no numbers at the end.
        ValueError: If there is nothing to train on.
    """
    import torch
    from transformers import PrinterCallback
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(parameters.threads)
    cuda = parameters.device == "cuda" or (parameters.device == "auto" and torch.cuda.is_available())
    bf16 = parameters.dtype == "bfloat16" or (parameters.dtype == "auto" and cuda)
    model, base = load_trainable(start, parameters, bf16)
    context = getattr(model.config, "max_position_embeddings", None)
    packs, dropped = _fitting(packs, parameters, context)
    validation, _ = _fitting(validation, parameters, context)
    lengths = packs.lengths if isinstance(packs, PackedFile) else np.array([len(packed) for packed in packs])
    together = 2 if parameters.preference else 1
    replies = [packed.row_count // together for packed in packs] if parameters.replies_per_step else None
    batches = plan(lengths, parameters, replies)
    tokenizer = load_tokenizer(start)
    tree, why_not = _packing(model, packs, parameters)
    if not tree:
        packs, batches = by_themselves(packs, batches, together)
        validation, _ = by_themselves(validation, [], together)
        lengths = np.array([(row_lengths(packed) - 1).sum() for packed in packs])
    trainer_class, arguments_class, extra = _method(parameters)
    arguments = arguments_class(
        output_dir=str(work),
        max_steps=len(batches),
        max_grad_norm=parameters.max_grad_norm,
        logging_steps=parameters.log_every,
        save_steps=parameters.checkpoint_every,
        gradient_accumulation_steps=parameters.accumulation_steps,
        save_total_limit=2,
        metric_for_best_model="eval_loss",
        seed=parameters.seed,
        use_cpu=not cuda,
        bf16=bf16,
        activation_checkpointing=parameters.gradient_checkpointing,
        remove_unused_columns=False,
        max_length=None,
        ignore_data_skip=True,
        disable_tqdm=True,
        report_to="none",
        ddp_timeout=parameters.timeout,
        **extra,
    )
    if arguments.world_size != parameters.world_size:
        hint = (
            f"; distributed_type in {parameters.accelerate} must be MULTI_GPU or FSDP" if parameters.accelerate else ""
        )
        raise TrainingRefused(f"{parameters.world_size} processes were asked for, and {arguments.world_size} run{hint}")
    callback = reporter(np.cumsum([lengths[batch].sum() for batch in batches]), bool(validation), on_progress)
    trainer = trainer_class(
        model=model,
        args=arguments,
        packs=packs,
        batches=batches,
        tree=tree,
        validation=validation,
        processing_class=tokenizer,
        data_collator=_identity,
        parameters=parameters,
        callbacks=[callback],
    )
    trainer.remove_callback(PrinterCallback)
    if refusal := why_not_shared_out(trainer, parameters):
        raise TrainingRefused(refusal)
    checkpoint, torn = last_whole(work)
    for wrong in torn:
        going_on = f"going on from {checkpoint.name}" if checkpoint else "beginning afresh"
        logger.warning("Checkpoint left out, %s (%s); %s", wrong, work, going_on)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.is_world_process_zero():
        last = _last(trainer, work, base)
        if not all(bool(torch.isfinite(weights).all()) for weights in last.parameters()):
            raise TrainingRefused(
                f"it diverged at learning_rate {parameters.learning_rate:g}: some weights are no numbers any more; "
                "take a lower one"
            )
        shutil.rmtree(best_folder(target), ignore_errors=True)
        if trainer.state.best_global_step not in (None, trainer.state.global_step):
            best = load_checkpoint(Path(trainer.state.best_model_checkpoint), base, model.dtype)
            save_policy(best, tokenizer, base, best_folder(target))
        save_policy(last, tokenizer, base, target)
    return TrainingResult(
        steps=trainer.state.global_step,
        tokens=int(sum(lengths[batch].sum() for batch in batches)),
        losses=tuple(
            (int(entry["step"]), float(entry["loss"])) for entry in trainer.state.log_history if "loss" in entry
        ),
        seconds=callback.seconds(),
        resumed_at=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        world_size=arguments.world_size,
        dropped=dropped,
        packing="tree" if tree else "none",
        why_not_packed=why_not,
        preference=next(_rewards(trainer.state.log_history[::-1]), {}),
        validation=tuple(
            (int(entry["step"]), float(entry["eval_loss"]))
            for entry in trainer.state.log_history
            if "eval_loss" in entry
        ),
        best_step=trainer.state.best_global_step,
        torn_checkpoints=torn,
    )


def _last(trainer: Any, work: Path, base: Path | None) -> Any:
    """The model as trained, whole: where this process has a share of it, the last checkpoint has all."""
    if not trainer.is_fsdp_enabled:
        return trainer.model
    return load_checkpoint(work / f"checkpoint-{trainer.state.global_step}", base, trainer.model.dtype)


def _packing(model: Any, packs: Sequence[Packed], parameters: FineTuning) -> tuple[bool, str]:
    """Whether rows stay packed, and why not where that was not asked for."""
    if parameters.packing == "none":
        return False, ""
    why_not = why_no_tree(model, packs)
    if why_not and parameters.packing == "tree":
        raise TrainingRefused(
            f"{type(model).__name__} cannot be trained with packing=tree: {why_not}; say packing=auto or packing=none"
        )
    return not why_not, why_not


def _method(parameters: FineTuning) -> tuple[Any, Any, dict[str, Any]]:
    """Trainer, class of its arguments, and the arguments that only it knows."""
    if parameters.preference is None:
        from trl.trainer.sft_config import SFTConfig

        from leap_kedro.training.trainer import PackedTrainer

        return PackedTrainer, SFTConfig, {"dataset_kwargs": {"skip_prepare_dataset": True}}
    from trl.trainer.dpo_config import DPOConfig

    from leap_kedro.training.dpo import PackedDPOTrainer

    preference = parameters.preference
    losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, preference.sft_weight]}
    return PackedDPOTrainer, DPOConfig, {"beta": preference.beta, "precompute_ref_log_probs": True, **losses}


def _rewards(log: Sequence[Mapping[str, float]]) -> Iterator[dict[str, float]]:
    """The rewards of each entry of a training's log that has them."""
    for entry in log:
        found = {name: value for name, value in entry.items() if name.startswith("rewards/")}
        if found:
            yield found


def _fitting(packs: Sequence[Packed], parameters: FineTuning, context: int | None) -> tuple[Sequence[Packed], int]:
    """The data without what is too long, and how many replies (of preference data: pairs) are left out for that."""
    longest = min(given for given in (parameters.max_length, context, sys.maxsize) if given is not None)
    deepest = packs.depths if isinstance(packs, PackedFile) else [packed.depth for packed in packs]
    if not len(packs) or max(deepest) < longest:
        return packs, 0
    what, together = ("pairs", 2) if parameters.preference else ("replies", 1)
    fit, dropped = fitting(packs, longest, together)
    if not fit:
        raise TrainingRefused(
            f"all {dropped} {what} are longer than {longest} tokens with their prompts, which is `max_length` or the "
            "model's context: raise `max_length`, lower the `max_actions` of the stage that made these episodes, or "
            "take a model with a longer context"
        )
    logger.warning("%d %s dropped: they are longer than %d tokens with their prompts", dropped, what, longest)
    return fit, dropped


def _identity(rows: Any) -> Any:
    return rows
