"""A policy whose model runs in this process, from a folder as transformers saves it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import UserError

if TYPE_CHECKING:
    from leap_kedro.policies.decoding import Generator
    from leap_kedro.prompts.renderer import Renderer


class PolicyFolderError(UserError):
    """A folder holds no policy that can be loaded; the message names the folder and what is missing or broken."""


_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True, slots=True)
class LocalPolicySpec:
    """All that another process needs to load a local policy.

    Attributes:
        folder: Folder with config, safetensors and tokenizer.
        id: Name of the policy in episodes.
        temperature: 0 is greedy.
        max_new_tokens: Most tokens of a reply.
        hold_to_admissible: Whether actions are held to the listed ones.
        slots: Conversations that are kept in the cache: as many as are played at once.
        threads: Threads of torch in the process that loads it.
        dtype: Number format of weights and cache; ``auto`` keeps the folder's.
        device: ``auto`` takes a GPU where there is one.
        logprobs: Whether replies carry log-probabilities.
        environment: Registered name of the environment whose instructions a chat model is given; "" gives none.
        examples: Finished episodes that a chat model is shown, as `examples_text` writes them.
    """

    folder: Path
    id: str
    temperature: float = 0.0
    max_new_tokens: int = 32
    hold_to_admissible: bool = False
    slots: int = 32
    threads: int = 1
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    logprobs: bool = False
    environment: str = ""
    examples: str = ""

    def load(self) -> "LocalPolicy":
        """The policy, its model in memory.

        Raises:
            PolicyFolderError: If the folder or a part of it is missing or broken.
            UnusableChatTemplate: If the tokenizer has neither the embedded marks nor a usable chat template.
            TakesNoExamples: If there are examples for the embedded student.
        """
        check_policy_folder(self.folder)
        import torch

        from leap_kedro.policies.decoding import Decoding
        from leap_kedro.policies.engine import SlotEngine
        from leap_kedro.policies.generate import PlainGenerator
        from leap_kedro.policies.weights import is_supported
        from leap_kedro.prompts.select import renderer_for

        torch.set_num_threads(self.threads)
        model, tokenizer = load_policy_folder(self.folder, self.dtype, self.device)
        renderer = renderer_for(tokenizer, self.environment, self.examples)
        decoding = Decoding(self.max_new_tokens, self.temperature, self.hold_to_admissible, self.logprobs)
        kind = SlotEngine if is_supported(model.config) else PlainGenerator
        return LocalPolicy(self.id, renderer, kind(model, renderer, decoding, self.slots), self.max_new_tokens)


class LocalPolicy:
    """Answers with a transformers model in memory, by the slot engine or by plain `generate`."""

    def __init__(self, name: str, renderer: "Renderer", generator: "Generator", max_new_tokens: int) -> None:
        """Render and parse with `renderer`, decode with `generator`."""
        self.id = name
        self._renderer = renderer
        self._generator = generator
        self._max_new_tokens = max_new_tokens

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`; a conversation that does not fit gets a reply with an error."""
        fitting = [self.fits(conversation) for conversation in conversations]
        asked = [conversation for conversation, fits in zip(conversations, fitting, strict=True) if fits]
        generated = iter(self._generator.generate(asked))
        replies = []
        for conversation, fits in zip(conversations, fitting, strict=True):
            if not fits:
                error = f"the conversation and a reply exceed the context of {self._generator.context} tokens"
                replies.append(Reply.failed(error))
                continue
            answer = next(generated)
            parsed = self._renderer.parse(answer.ids, conversation.admissible, conversation.seen)
            replies.append(Reply.of(parsed, answer.prompt_tokens, len(answer.ids), answer.logprob))
        return replies

    def fits(self, conversation: Conversation) -> bool:
        """Whether the conversation and a reply fit into the model's context."""
        needed = self._generator.prompt_tokens(conversation) + self._max_new_tokens
        return needed <= self._generator.context


def load_policy_folder(folder: Path, dtype: str = "auto", device: str = "auto") -> tuple[Any, Any]:
    """Model (in evaluation mode) and tokenizer of a folder; only safetensors are read, no code from the folder is run.

    Raises:
        PolicyFolderError: If the folder or a part of it is missing or broken.
    """
    check_policy_folder(folder)
    import torch
    from transformers import AutoTokenizer

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    with quiet():
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        except Exception as error:
            raise _broken(folder, error) from error
        model = read_weights(folder, dtype=dtype)
    return model.to(device).eval(), tokenizer


def read_weights(folder: Path, **how: Any) -> Any:
    """The causal LM of a folder; on the device ``meta`` it has shapes and no values, and the weights are not read.

    Args:
        folder: The folder.
        how: Further arguments of `from_pretrained`.

    Raises:
        PolicyFolderError: If the weights cannot be read, or do not fit the configuration.
    """
    from transformers import AutoModelForCausalLM

    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **how,
        )
    except Exception as error:
        raise _broken(folder, error) from error
    model, found = loaded
    unfit = sorted({*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])})
    if unfit:
        raise PolicyFolderError(
            f"The weights in {folder} do not fit its config.json; missing or of another shape: {', '.join(unfit[:5])}. "
            "Copy or download the whole folder again."
        )
    return model


def _broken(folder: Path, error: Exception) -> PolicyFolderError:
    return PolicyFolderError(
        f"The policy folder {folder} cannot be loaded, a file in it is broken: {type(error).__name__}: {error}"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Neither progress bars nor reports of transformers: what is wrong becomes an error of ours."""
    from transformers.utils import logging as transformers_logging

    switch: Any = transformers_logging
    shown, verbosity = switch.is_progress_bar_enabled(), switch.get_verbosity()
    switch.disable_progress_bar()
    switch.set_verbosity(switch.CRITICAL)
    try:
        yield
    finally:
        switch.set_verbosity(verbosity)
        if shown:
            switch.enable_progress_bar()


def check_policy_folder(folder: Path) -> None:
    """Check that a policy folder has all its parts, without reading them.

    Raises:
        PolicyFolderError: If the folder or a part of it is missing.
    """
    if not folder.is_dir():
        raise PolicyFolderError(f"There is no policy folder {folder}; train a policy first or name another folder.")
    missing = missing_parts(folder)
    if missing:
        raise PolicyFolderError(
            f"The policy folder {folder} is incomplete, it lacks: {', '.join(missing)}.{instead_of_policy(folder)}"
        )


def instead_of_policy(folder: Path) -> str:
    """What to do with what a folder has in place of a policy; "" if nothing is known of it."""
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        return (
            " It is an adapter alone: merge it into its base (PEFT's `merge_and_unload`), and save model and tokenizer."
        )
    pickled = next((each.name for kind in _PICKLES for each in sorted(folder.glob(kind))), None)
    if pickled and not any(folder.glob("*.safetensors")):
        return (
            f" {pickled} is a pickle, which can run code and is not read: load the model where you trust it, and save "
            "it by `save_pretrained`, which writes safetensors."
        )
    return ""


def has_weights(folder: Path) -> bool:
    """Whether a folder has weights, including those in formats that are not read."""
    return any(any(folder.glob(kind)) for kind in ("*.safetensors", *_PICKLES))


def missing_parts(folder: Path) -> list[str]:
    """What a folder lacks to be a policy, in words; empty if all is there."""
    return [
        what
        for what, pattern in (
            ("config.json", "config.json"),
            ("weights (*.safetensors)", "*.safetensors"),
            ("tokenizer_config.json", "tokenizer_config.json"),
        )
        if not any(folder.glob(pattern))
    ]
