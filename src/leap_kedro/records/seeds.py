"""Seeds of 31 bits that depend neither on the order of stages and episodes nor on the machine."""

from hashlib import blake2b

from leap_kedro.records.hashing import text_number


def derive_seed(seed: int, *names: str | int) -> int:
    """The seed for one purpose, a function of the configured seed and of the purpose."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") & 0x7FFFFFFF


def episode_seed(run_seed: int, task_id: str) -> int:
    """The seed of a task's episode."""
    return text_number(f"{run_seed}/{task_id}", bits=31)
