"""Pages of which a part is generated: it stands between two markers, which stay."""


def put_between(page: str, begin: str, end: str, text: str) -> str:
    """A page with a text between its two markers.

    Raises:
        ValueError: The page does not have each marker once, in this order.
    """
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end) or begin in after or end in before + after:
        raise ValueError(f"expected {begin} and then {end}, each once")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
