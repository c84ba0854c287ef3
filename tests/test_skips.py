"""What isn't there is missed aloud: tests that need it are named, with what to install; in CI they fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from missing import missing

TOP = Path(__file__).parents[1]
IN_THE_BROWSER = sorted(path.name for path in (TOP / "tests" / "browser").glob("test_*.py"))


@pytest.mark.slow
def test_without_chromium_every_browser_test_is_named_with_the_way_to_install_it(tmp_path):
    names = os.environ.keys() - {"CI", "GILTEACH_CHROMIUM"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", "tests/browser"],
        cwd=TOP,
        env={name: os.environ[name] for name in names} | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = done.stdout
    assert done.returncode == 0, said
    named = [line for line in said.splitlines() if line.startswith("SKIPPED")]
    assert all("install it (Debian: apt-get install chromium)" in line for line in named)
    assert all(any(file in line and "::test_" in line for line in named) for file in IN_THE_BROWSER)
    assert f"{len(named)} skipped" in said
    assert "passed" not in said


def test_in_ci_what_is_missing_is_a_failure(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        missing("no Chromium")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        missing("no Chromium")
