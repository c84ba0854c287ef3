"""What is wanted and isn't there."""

import os

import pytest


def missing(reason):
    """Skip a test for want of something that can be installed; in CI, which installs all of it, that is a failure."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
