"""For all tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Real processes, packets and browsers on a machine that others may keep busy: what fails there is run once more, and
    the summary names it (RERUN), so that whatever needs it is seen and mended. What starts nothing has no such grace.
    """
    again = pytest.mark.flaky(reruns=1)
    for item in items:
        if item.get_closest_marker("integration") or item.get_closest_marker("browser"):
            item.add_marker(again)
