"""What pyproject.toml cannot say: the wheel carries conf/, which `leap-kedro new` copies into a project."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfiguration(build_py):
    """Adds conf/, without local values and credentials, to the package."""

    def run(self) -> None:
        """Build the package, then add the folder; an installation in editable mode reads it where it is."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "leap_kedro/starter/conf"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree("conf", target, ignore=shutil.ignore_patterns("local", "credentials*", "README.md"))


setup(cmdclass={"build_py": BuildWithConfiguration})
