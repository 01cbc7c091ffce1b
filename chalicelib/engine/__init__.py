"""The token game: pure Python that moves a process instance from one wait state to the next.

No clock, no randomness, no storage, no web: the moment is handed in, ids count from 1 within the instance,
and the same input always gives the same output. Begin reading with `behaviors/__init__.py` (what runs) and
`loop.py` (how).
"""
