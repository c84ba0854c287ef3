"""What isn't there is missed aloud: tests that need it are named, with what to install; in CI they fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
IN_THE_BROWSER = sorted(path.name for path in (TOP / "tests" / "browser").glob("test_*.py"))


@pytest.fixture
def without_chromium(tmp_path):
    """Run the browser tests where no Chromium is found; gives the exit code and what was printed."""

    def run(**environment):
        names = os.environ.keys() - {"CI", "GILTEACH_CHROMIUM"}
        environment |= {name: os.environ[name] for name in names} | {"PATH": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/browser"],
            cwd=TOP,
            env=environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    return run


@pytest.mark.slow
def test_without_chromium_every_browser_test_is_named_with_the_way_to_install_it(without_chromium):
    code, said = without_chromium()
    assert code == 0, said
    named = [line for line in said.splitlines() if line.startswith("SKIPPED")]
    assert all("install it (Debian: apt-get install chromium)" in line for line in named)
    assert all(any(file in line and "::test_" in line for line in named) for file in IN_THE_BROWSER)
    assert f"{len(named)} skipped" in said
    assert "passed" not in said


@pytest.mark.slow
def test_in_ci_none_is_skipped_for_want_of_it(without_chromium):
    code, said = without_chromium(CI="true")
    assert code == 1, said
    assert "SKIPPED" not in said
    assert "no Chromium found" in said
