"""Fine-tuning of a causal LM on packed rows, in this process. `launch.train` runs it in a child process."""

import logging
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from leap_kedro.policies.folder import context_of, load_config, load_tokenizer
from leap_kedro.policies.processor import computes_bfloat16
from leap_kedro.records import UserError
from leap_kedro.training.batching import by_themselves, plan
from leap_kedro.training.checkpoints import last_whole
from leap_kedro.training.mask_check import why_no_tree
from leap_kedro.training.models import best_folder, load_checkpoint, load_trainable, save_policy
from leap_kedro.training.packing import Packed, fitting, row_lengths
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.progress import Progress, TrainingResult, reporter
from leap_kedro.training.sharding import why_not_shared_out
from leap_kedro.training.slots import slot_ids
from leap_kedro.training.store import PackedFile

logger = logging.getLogger(__name__)


class TrainingRefused(UserError):
    """The starting policy, data and parameters do not fit together; the same call would fail again."""


def computes_in_bfloat16(start: Path, parameters: FineTuning, cuda: bool) -> bool:
    """Whether a training from `start`, on a GPU or not, computes in bfloat16; see `FineTuningParameters.dtype`."""
    if parameters.dtype in ("float32", "bfloat16") or cuda:
        return parameters.dtype != "float32"
    frozen = parameters.lora is not None and str(load_config(start).dtype) == "torch.bfloat16"
    return frozen and computes_bfloat16()


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

    With validation data, the checkpoint with the lowest validation loss is also saved, in `best_folder(target)`, unless
    it is the last one.

    Args:
        start: Folder with config, weights and tokenizer.
        packs: Training data.
        parameters: How to train.
        work: Folder for checkpoints; training resumes from one found there, so they must belong to this training.
        target: Folder to write.
        validation: Held-out data.
        on_progress: Called at every report of the loss, in the first process.

    Raises:
        UnusableAdapter: If an adapter cannot be continued.
        TrainingRefused: If no row fits into the model's context, the number of processes differs from the parameters,
            FSDP is requested but not available, or some final weights are not finite.
        ValueError: If there is nothing to train on.
    """
    import torch
    from transformers import PrinterCallback
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(parameters.threads)
    cuda = parameters.device == "cuda" or (parameters.device == "auto" and torch.cuda.is_available())
    bf16 = computes_in_bfloat16(start, parameters, cuda)
    model, base = load_trainable(start, parameters, bf16, cuda)
    context = context_of(model.config)
    packs, dropped = _fitting(packs, parameters, context)
    validation, _ = _fitting(validation, parameters, context)
    lengths = packs.lengths if isinstance(packs, PackedFile) else np.array([len(packed) for packed in packs])
    together = parameters.together
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
        metric_for_best_model="eval_loss",
        seed=parameters.seed,
        use_cpu=not cuda,
        bf16=bf16,
        activation_checkpointing=parameters.gradient_checkpointing,
        remove_unused_columns=False,
        max_length=None,
        router_aux_loss_coef=0.0,  # else TRL saves mixtures of experts with a setting that `generate` fails on
        ignore_data_skip=True,
        disable_tqdm=True,
        report_to="none",
        ddp_timeout=parameters.timeout,
        **extra,
    )
    if arguments.world_size != parameters.world_size:
        kind = f"; distributed_type in {parameters.accelerate} must be MULTI_GPU or FSDP"
        raise TrainingRefused(
            f"{parameters.world_size} processes were requested, but {arguments.world_size} run"
            f"{kind if parameters.accelerate else ''}"
        )
    callback = reporter(np.cumsum([lengths[batch].sum() for batch in batches]), bool(validation), on_progress)
    trainer = trainer_class(
        model=model,
        args=arguments,
        packs=packs,
        batches=batches,
        tree=tree,
        validation=validation,
        slots=slot_ids(tokenizer),
        processing_class=tokenizer,
        data_collator=lambda rows: rows,
        parameters=parameters,
        callbacks=[callback],
    )
    trainer.remove_callback(PrinterCallback)
    if refusal := why_not_shared_out(trainer, parameters):
        raise TrainingRefused(refusal)
    checkpoint, torn = last_whole(work)
    for wrong in torn:
        resumed = f"resuming from {checkpoint.name}" if checkpoint else "starting from the beginning"
        logger.warning("Checkpoint ignored, %s (%s); %s", wrong, work, resumed)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    state = trainer.state
    if trainer.is_world_process_zero():
        last = trainer.model
        # Here the model is only a part (FSDP) or in 4 bits; adapters are merged into whole weights.
        if trainer.is_fsdp_enabled or parameters.dtype == "nf4":
            last = load_checkpoint(work / f"checkpoint-{state.global_step}", base, model.dtype)
        if not all(bool(torch.isfinite(weights).all()) for weights in last.parameters()):
            raise TrainingRefused(
                f"some weights are not finite: it diverged at learning_rate {parameters.learning_rate:g} (lower it), "
                f"or those in {start} are not finite either (replace them)"
            )
        shutil.rmtree(best_folder(target), ignore_errors=True)
        if state.best_global_step not in (None, state.global_step):
            best = load_checkpoint(Path(state.best_model_checkpoint), base, model.dtype)
            save_policy(best, tokenizer, base, best_folder(target))
        save_policy(last, tokenizer, base, target)
    return TrainingResult(
        steps=state.global_step,
        tokens=int(sum(lengths[batch].sum() for batch in batches)),
        losses=_logged(state, "loss"),
        seconds=callback.seconds(),
        resumed_at=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        world_size=arguments.world_size,
        dropped=dropped,
        packing="tree" if tree else "none",
        why_not_packed=why_not,
        preference=_last(state, "rewards/"),
        objective=_last(state, "objective/"),
        validation=_logged(state, "eval_loss"),
        best_step=state.best_global_step,
        torn_checkpoints=torn,
        dtype="bfloat16" if bf16 else "float32",
    )


def _logged(state: Any, name: str) -> tuple[tuple[int, float], ...]:
    return tuple((int(entry["step"]), float(entry[name])) for entry in state.log_history if name in entry)


def _last(state: Any, prefix: str) -> dict[str, float]:
    """The latest report of the measures whose names start with `prefix`."""
    reports = ({name: each[name] for name in each if name.startswith(prefix)} for each in reversed(state.log_history))
    return next(filter(None, reports), {})


def _packing(model: Any, packs: Sequence[Packed], parameters: FineTuning) -> tuple[bool, str]:
    """Whether rows stay packed, and if not, why (empty if packing=none)."""
    if parameters.packing == "none":
        return False, ""
    why_not = why_no_tree(model, packs)
    if why_not and parameters.packing == "tree":
        raise TrainingRefused(
            f"{type(model).__name__} cannot be trained with packing=tree: {why_not}; set packing=auto or packing=none"
        )
    return not why_not, why_not


def _method(parameters: FineTuning) -> tuple[Any, Any, dict[str, Any]]:
    """The trainer, the class of its arguments, and its special arguments."""
    if parameters.preference is None:
        from trl.trainer.sft_config import SFTConfig

        return _on_rows(parameters), SFTConfig, {"dataset_kwargs": {"skip_prepare_dataset": True}}
    from trl.trainer.dpo_config import DPOConfig

    from leap_kedro.training.dpo import PackedDPOTrainer

    preference = parameters.preference
    losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, preference.sft_weight]}
    return PackedDPOTrainer, DPOConfig, {"beta": preference.beta, "precompute_ref_log_probs": True, **losses}


def _on_rows(parameters: FineTuning) -> Any:
    """The trainer on single replies."""
    if parameters.grpo is not None:
        from leap_kedro.training.grpo import PackedGRPOTrainer

        return PackedGRPOTrainer
    if parameters.distill:
        from leap_kedro.training.distillation import PackedDistillationTrainer

        return PackedDistillationTrainer
    from leap_kedro.training.trainer import PackedTrainer

    return PackedTrainer


def _fitting(packs: Sequence[Packed], parameters: FineTuning, context: int | None) -> tuple[Sequence[Packed], int]:
    """The data without replies (preference data: pairs) that are too long, and the number of those dropped."""
    longest = min(given for given in (parameters.max_length, context, sys.maxsize) if given is not None)
    deepest = packs.depths if isinstance(packs, PackedFile) else [packed.depth for packed in packs]
    if not len(packs) or max(deepest) < longest:
        return packs, 0
    what, together = ("pairs" if parameters.preference else "replies"), parameters.together
    fit, dropped = fitting(packs, longest, together)
    if not fit:
        raise TrainingRefused(
            f"all {dropped} {what} are longer than {longest} tokens with their prompts, which is `max_length` or the "
            "model's context: raise `max_length`, lower the `max_actions` of the stage that made these episodes, or "
            "use a model with a longer context"
        )
    logger.warning("%d %s dropped: they are longer than %d tokens with their prompts", dropped, what, longest)
    return fit, dropped
