"""The benchmarks and the protocol that they share."""
