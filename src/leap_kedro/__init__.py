"""LEAP (arXiv 2410.05434) as Kedro pipelines: agents that improve by a teacher's privileged corrections."""

__version__ = "0.1.0"
