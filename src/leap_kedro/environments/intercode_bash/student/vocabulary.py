"""The closed vocabulary of generated tasks: parts of paths, wordings, commands and flags are tokens.

Decoded actions are executed, so spaces are exact: none around the "/" within a path, one before a path.
"""

from leap_kedro.environments.clauses import fixed_parts
from leap_kedro.environments.intercode_bash.environment import SUBMIT
from leap_kedro.environments.intercode_bash.student.questions import QUESTION_PHRASES
from leap_kedro.environments.intercode_bash.tasks.templates import TEMPLATES
from leap_kedro.environments.intercode_bash.tasks.words import EXTENSIONS, FILES, FOLDERS, LINES, NUMBERS, ROOTS
from leap_kedro.environments.intercode_bash.teaching.experts import NOTHING
from leap_kedro.environments.intercode_bash.teaching.reasons import CLAUSES
from leap_kedro.environments.vocabulary import Vocabulary

_WHOLE = ("awk -F , '{ s += $3 } END { print s }'", "-exec cat {} +", "-mindepth 1", "s/{word}/{other}/g")
_MARKS = ("/", ".", ",", ":", "?", "s", "g")
_MESSAGES = ("No such file or directory", "cannot access", "command not found", "are the same file", "total")


def vocabulary() -> Vocabulary:
    """The vocabulary of generated tasks, file systems, actions, reasons and questions."""
    texts = [wording for template in TEMPLATES.values() for wording in (*template.usual, *template.unusual)]
    texts += [*CLAUSES, "Below {root}: {wording}"]
    clauses = fixed_parts(texts, ".:?")
    clauses += [template.does for template in TEMPLATES.values()]
    phrases = dict.fromkeys(
        [
            *(clause for clause in clauses if clause not in _MARKS),
            *QUESTION_PHRASES,
            *_commands(),
            *(f'"*{extension}"' for extension in EXTENSIONS),
            *_MESSAGES,
            *_MARKS,
            *ROOTS,
            *FOLDERS,
            *FILES,
            *EXTENSIONS,
            *LINES,
            *NUMBERS,
        ]
    )
    roots = "|".join(root.removeprefix("/") for root in ROOTS)
    unspaced = rf"(?<=/) | (?=/(?!(?:{roots})\b))| (?=\.)| (?=\?)"
    return Vocabulary({}, tuple(phrases), unspaced=unspaced)


def _commands() -> list[str]:
    """Words of all commands without the values of their fields."""
    words = [SUBMIT, NOTHING, "ls", "-R", "find", "-name"]
    for template in TEMPLATES.values():
        command = template.command
        for whole in _WHOLE:
            command = command.replace(whole.replace("{", "{{").replace("}", "}}"), " ").replace(whole, " ")
        words += [word for word in command.split() if "{" not in word]
    return list(dict.fromkeys([*(whole for whole in _WHOLE if "{word}" not in whole), *words]))
