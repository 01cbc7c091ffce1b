"""`docs/cost.md` says what the meter counts."""

import zlib
from pathlib import Path

import pytest

from tests.bench.page import page

PAGE = Path(__file__).parents[3] / "docs" / "cost.md"


@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses to other sizes")
def test_cost_page_is_what_the_meter_counts() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.bench --write docs/cost.md"
