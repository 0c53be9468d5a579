"""InterCode Bash (Yang et al., NeurIPS 2023): tasks solved by shell commands in a sandbox."""
