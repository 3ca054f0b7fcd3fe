"""For the tests of the server: every event that is sent must be the vendors' own."""

import pytest
from sent_events import strictly_checked

__all__ = ["strictly_checked"]


@pytest.fixture(autouse=True)
def every_test_is_checked(strictly_checked: object) -> None:
    """Nothing more: the check comes when the test is over."""
