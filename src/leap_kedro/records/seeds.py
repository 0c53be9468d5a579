"""Seeds that do not depend on the order in which stages or episodes run."""

from hashlib import blake2b


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed (31 bits) for one purpose, a function of the configured seed and of what it is for."""
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") & 0x7FFFFFFF
