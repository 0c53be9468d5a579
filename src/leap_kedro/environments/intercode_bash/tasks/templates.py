"""What generated tasks ask for: in which words, and by which command.

A template has usual wordings, and unusual ones that an unprivileged expert takes for another template. Fields:
``file``, ``csv`` and ``script`` (a path in the command; the bare name or the path in the query), ``dir``, ``ext``,
``word``, ``other``, ``n``, ``column``, ``new``, ``name``, and in commands alone ``beside`` (the directory of the file).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

FILE_FIELDS = ("file", "csv", "script")


@dataclass(frozen=True)
class Template:
    """One kind of task.

    Attributes:
        command: The gold command.
        does: What the command does, as the end of "I ...".
        usual: Wordings that everybody understands.
        unusual: Wordings that take some experience.
        taken_for: Name of the template that an unexperienced reader takes an unusual wording for.
    """

    command: str
    does: str
    usual: tuple[str, ...]
    unusual: tuple[str, ...] = ()
    taken_for: str = ""

    @cached_property
    def fields(self) -> frozenset[str]:
        """Fields of the query."""
        return frozenset(re.findall(r"\{(\w+)\}", self.usual[0]))

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], bool], ...]:
        """A pattern a wording, and whether it is a usual one."""
        wordings = [(each, True) for each in self.usual] + [(each, False) for each in self.unusual]
        return tuple((re.compile(_pattern(each)), usual) for each, usual in wordings)


_ANY = r"\S+?"
_VALUES = {"dir": r"/\S+?", "ext": r"\.\w+", "n": r"\d+", "column": r"\d+"}


def _pattern(wording: str) -> str:
    """A regular expression of all that a wording can be."""
    parts = re.split(r"\{(\w+)\}", wording)
    named = (f"(?P<{part}>{_VALUES.get(part, _ANY)})" for part in parts[1::2])
    return "".join(re.escape(text) + next(named, "") for text in parts[::2])


TEMPLATES: Mapping[str, Template] = {
    "count_lines": Template(
        "wc -l < {file}",
        "count the lines",
        ("Count the lines of {file}: the number alone.", "How many lines has {file}? The number alone."),
        ("How long is {file}? The number alone.",),
        "count_words",
    ),
    "count_words": Template(
        "wc -w < {file}",
        "count the words",
        ("Count the words of {file}: the number alone.",),
        ("How much text has {file}? The number alone.",),
        "count_lines",
    ),
    "show": Template(
        "cat {file}",
        "show it",
        ("Show {file}.",),
    ),
    "grep": Template(
        "grep {word} {file}",
        "show the lines with the word",
        ("Show the lines of {file} that contain {word}.",),
        ("What does {file} say of {word}?",),
        "grep_count",
    ),
    "grep_count": Template(
        "grep -c {word} {file}",
        "count the lines with the word",
        ("Count the lines of {file} that contain {word}.",),
        ("In how many lines does {file} speak of {word}?",),
        "grep",
    ),
    "grep_not": Template(
        "grep -v {word} {file}",
        "show the lines without the word",
        ("Show the lines of {file} without {word}.",),
        ("What does {file} say besides {word}?",),
        "grep",
    ),
    "grep_number": Template(
        "grep -n {word} {file}",
        "show the lines with the word and their numbers",
        ("Show the lines of {file} that contain {word}, with their numbers.",),
        ("Where in {file} is {word}?",),
        "grep_count",
    ),
    "head": Template(
        "head -n {n} {file}",
        "show its first lines",
        ("Show the first {n} lines of {file}.",),
        ("How does {file} begin, in {n} lines?",),
        "tail",
    ),
    "tail": Template(
        "tail -n {n} {file}",
        "show its last lines",
        ("Show the last {n} lines of {file}.",),
        ("How does {file} end, in {n} lines?",),
        "head",
    ),
    "sort": Template(
        "sort {file}",
        "show its lines in order",
        ("Show the lines of {file} in order.",),
        ("Show {file} from a to z.",),
        "frequent",
    ),
    "unique": Template(
        "sort -u {file}",
        "show its different lines in order",
        ("Show the different lines of {file} in order.",),
        ("Show {file} from a to z, nothing twice.",),
        "frequent",
    ),
    "reverse": Template(
        "sort -r {file}",
        "show its lines in reverse order",
        ("Show the lines of {file} in reverse order.",),
        ("Show {file} from z to a.",),
        "frequent",
    ),
    "frequent": Template(
        "sort {file} | uniq -c | sort -rn | head -n 1",
        "show its most frequent line with its count",
        ("Show the most frequent line of {file} with its count.",),
        ("Which line of {file} comes most often, and how often?",),
        "count_lines",
    ),
    "replaced": Template(
        "sed s/{word}/{other}/g {file}",
        "show it with the word replaced",
        ("Show {file} with {other} in place of {word}.",),
    ),
    "column": Template(
        "cut -d , -f {column} {csv}",
        "show the column",
        ("Show column {column} of {csv}.",),
        ("What has {csv} at place {column} of each line?",),
        "column_values",
    ),
    "column_values": Template(
        "cut -d , -f {column} {csv} | sort -u",
        "show the different values of the column in order",
        ("Show the different values of column {column} of {csv} in order.",),
        ("Which values has column {column} of {csv}?",),
        "column",
    ),
    "column_sum": Template(
        "awk -F , '{{ s += $3 }} END {{ print s }}' {csv}",
        "add up its last column",
        ("Add up the last column of {csv}.",),
        ("What is the total of {csv}?",),
        "count_lines_of_table",
    ),
    "count_lines_of_table": Template(
        "wc -l < {csv}",
        "count the lines",
        ("Count the lines of the table {csv}: the number alone.",),
    ),
    "list": Template(
        "ls {dir}",
        "list what is in it",
        ("List what is in {dir}.",),
        ("What does {dir} hold?",),
        "list_all",
    ),
    "list_all": Template(
        "find {dir} -type f | sort",
        "list all files below it",
        ("List all files below {dir} by their full paths.",),
        ("Which files has {dir}, at any depth? Say their full paths.",),
        "list",
    ),
    "list_ending": Template(
        'find {dir} -type f -name "*{ext}" | sort',
        "list the files with that ending",
        ("List the {ext} files below {dir} by their full paths.",),
        ("Which {ext} files has {dir}? Say their full paths.",),
        "count_ending",
    ),
    "count_ending": Template(
        'find {dir} -type f -name "*{ext}" | wc -l',
        "count the files with that ending",
        ("Count the {ext} files below {dir}.", "How many {ext} files are below {dir}?"),
    ),
    "count_lines_ending": Template(
        'find {dir} -type f -name "*{ext}" -exec cat {{}} + | wc -l',
        "count the lines of all files with that ending",
        ("Count the lines of all {ext} files below {dir} together.",),
        ("How long are the {ext} files of {dir}, all in all?",),
        "count_ending",
    ),
    "count_folders": Template(
        "find {dir} -mindepth 1 -type d | wc -l",
        "count the directories below it",
        ("Count the directories below {dir}.",),
    ),
    "files_with": Template(
        "grep -rl {word} {dir} | sort",
        "list the files with the word",
        ("List the files below {dir} that contain {word} by their full paths.",),
        ("Which files of {dir} speak of {word}? Say their full paths.",),
        "count_files_with",
    ),
    "count_files_with": Template(
        "grep -rl {word} {dir} | wc -l",
        "count the files with the word",
        ("Count the files below {dir} that contain {word}.",),
        ("How many files of {dir} speak of {word}?",),
        "files_with",
    ),
    "lines_with": Template(
        "grep -rh {word} {dir} | sort",
        "show the lines with the word of all files in order",
        ("Show the lines of all files below {dir} that contain {word}, in order.",),
        ("What does {dir} say of {word}, in order?",),
        "files_with",
    ),
    "empty": Template(
        "find {dir} -type f -empty | sort",
        "list the empty files",
        ("List the empty files below {dir} by their full paths.",),
        ("Which files of {dir} say nothing? Say their full paths.",),
        "list_all",
    ),
    "delete_ending": Template(
        'find {dir} -type f -name "*{ext}" -delete',
        "delete the files with that ending",
        ("Delete the {ext} files below {dir}.",),
        ("Clear {dir} of {ext} files.",),
        "list_ending",
    ),
    "delete_empty": Template(
        "find {dir} -type f -empty -delete",
        "delete the empty files",
        ("Delete the empty files below {dir}.",),
        ("Clear {dir} of files that say nothing.",),
        "empty",
    ),
    "delete": Template(
        "rm {file}",
        "delete it",
        ("Delete {file}.",),
        ("Nobody needs {file} any more.",),
        "show",
    ),
    "move": Template(
        "mv {file} {dir}",
        "move it",
        ("Move {file} to {dir}.",),
        ("The place of {file} is {dir}.",),
        "copy",
    ),
    "copy": Template(
        "cp {file} {dir}",
        "copy it",
        ("Copy {file} to {dir}.",),
        ("Have {file} in {dir}, too.",),
        "move",
    ),
    "rename": Template(
        "mv {file} {beside}/{new}",
        "rename it",
        ("Rename {file} to {new}.",),
        ("Call {file} by the name of {new}.",),
        "copy_beside",
    ),
    "copy_beside": Template(
        "cp {file} {beside}/{new}",
        "copy it beside itself",
        ("Copy {file} to {new}, in the same directory.",),
        ("Have {file} twice, the other one as {new}.",),
        "rename",
    ),
    "make_folder": Template(
        "mkdir -p {dir}/{name} && touch {dir}/{name}/{new}",
        "make the directory with the file in it",
        ("Make a directory {name} in {dir}, and in it an empty file {new}.",),
    ),
    "touch": Template(
        "touch {dir}/{new}",
        "make the empty file",
        ("Make an empty file {new} in {dir}.",),
    ),
    "executable": Template(
        "chmod u+x {script}",
        "make it executable",
        ("Make {script} executable.",),
    ),
    "append": Template(
        "echo {word} >> {file}",
        "add the word at its end",
        ("Add a line {word} at the end of {file}.",),
        ("After all that {file} says, let it say {word}.",),
        "overwrite",
    ),
    "overwrite": Template(
        "echo {word} > {file}",
        "write the word in place of all it says",
        ("Write {word} into {file}, in place of all that it says.",),
        ("Let {file} say {word} and no more.",),
        "append",
    ),
    "replace": Template(
        "sed -i s/{word}/{other}/g {file}",
        "replace the word",
        ("Replace {word} by {other} in {file}.",),
        ("What {file} calls {word} is to be {other}.",),
        "replaced",
    ),
    "save_sorted": Template(
        "sort {file} > {dir}/{new}",
        "save its lines in order",
        ("Save the lines of {file} in order as {new} in {dir}.",),
        ("Have {file} from a to z as {new} in {dir}.",),
        "copy_as",
    ),
    "copy_as": Template(
        "cp {file} {dir}/{new}",
        "copy it under the new name",
        ("Copy {file} as {new} to {dir}.",),
    ),
    "link": Template(
        "ln -s {file} {dir}/{new}",
        "make the link",
        ("Make a symbolic link {new} in {dir} to {file}.",),
        ("Let {new} in {dir} lead to {file}.",),
        "copy_as",
    ),
}
"""Templates by name."""
