"""The description of InterCode Bash's actions in the prompts of chat models."""

INSTRUCTIONS = """\
The environment is a bash shell on a Linux machine without a network. Do what the task asks for by commands.
Actions:
any bash command, on one line
submit
What a command writes is shown. The working directory stays where a plain `cd DIRECTORY` has put it; nothing else of
the shell is kept. `submit` ends the task: the output of the last command is the answer, and the files are compared with
what they should be. What was changed cannot be undone, so look before you change; the command that gives the answer
comes last."""
