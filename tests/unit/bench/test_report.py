"""A figure that misses its target says so."""

import io

from tests.bench.report import Report, percentile


def report() -> Report:
    return Report(io.StringIO())


def text(written: Report) -> str:
    assert isinstance(written.out, io.StringIO)
    return written.out.getvalue()


def test_figure_at_its_target_is_not_missed() -> None:
    written = report()
    written.at_most("CPU", 0.2, 0.2)
    written.at_least("throughput", 500, 500)

    assert written.missed == []
    assert "MISSED" not in text(written)


def test_figure_beyond_its_target_is_missed_there_and_at_the_end() -> None:
    written = report()
    written.at_most("CPU", 0.21, 0.2)
    written.at_least("throughput", 499, 500)
    written.end()

    assert text(written).count("MISSED") == 4
    assert "MISSED: throughput: 499, target >= 500" in text(written)
    assert "2 missed" in text(written)


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]

    assert percentile(values, 50) == 51
    assert percentile(values, 95) == 96
    assert percentile([3.0], 95) == 3
