"""What a running worker shows: a line that counts on a terminal, lines of text or JSON elsewhere."""

import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import IO, Any

from ..sdk.runner import Watch

EVERY = 1.0
"""Seconds between two counts on a terminal."""

EVERY_LINE = 10.0
"""The same where each count is a line of a log."""

WORDS = {
    "DONE": "done",
    "CAUSED_RETRY": "failed",
    "CAUSED_INCIDENT": "failed",
    "CANCELED": "canceled",
    "GIVEN_BACK": "given back",
    "LOST": "lost",
    "UNSAID": "unsaid",
}
"""How outcomes are counted; see `Watch`."""

ALWAYS = ("done", "failed")
CLEAR = "\r\033[K"


class Progress(Watch):
    """Counts jobs and shows them; used by several threads."""

    def __init__(
        self, stream: IO[str], *, as_json: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin to count.

        Args:
            stream: Where to.
            as_json: Whether each line is a JSON object.
            clock: Seconds that only rise.
        """
        self._stream, self._as_json, self._clock = stream, as_json, clock
        self._is_drawing = stream.isatty() and not as_json
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._shown: Counter[str] = Counter()
        self._began = self._shown_at = clock()

    def job_ended(self, outcome: str) -> None:
        """Count one."""
        with self._lock:
            self._counts[WORDS.get(outcome, outcome)] += 1

    def tick(self, running: int) -> None:
        """Show the counts, if it is time and there is something new."""
        now = self._clock()
        every = EVERY if self._is_drawing else EVERY_LINE
        if now < self._shown_at + every or not (self._is_drawing or self._as_json):
            return
        with self._lock:
            counts = self._counts.copy()
        ended = counts.total() - self._shown.total()
        if ended or self._is_drawing:
            self._show(counts, ended / (now - self._shown_at), running)
        self._shown, self._shown_at = counts, now

    def finish(self) -> None:
        """Show all counts, a last time."""
        counts, seconds = self._counts, self._clock() - self._began
        self._show(counts, counts.total() / seconds if seconds else 0.0, 0)
        if self._is_drawing:
            self._stream.write("\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """A line of text."""
        self._write(self._object("INFO", text) if self._as_json else text)

    def log_handler(self) -> logging.Handler:
        """Shows log records between the counts."""
        return _LogHandler(self)

    def log(self, record: logging.LogRecord) -> None:
        """A log record, with its stack trace if it has one."""
        plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
        if not self._as_json:
            self._write(plain.format(record))
            return
        more = {"exception": plain.formatException(record.exc_info)} if record.exc_info else {}
        self._write(self._object(record.levelname, record.getMessage(), logger=record.name, **more))

    def _show(self, counts: Counter[str], per_second: float, running: int) -> None:
        said = {
            word: counts[word] for word in dict.fromkeys(WORDS.values()) if counts[word] or word in ALWAYS
        }
        if self._as_json:
            fields = {_camel_case(word): times for word, times in said.items()}
            self._write(
                self._object("INFO", "progress", **fields, running=running, perSecond=round(per_second, 1))
            )
            return
        text = ", ".join(f"{times} {word}" for word, times in said.items())
        text += f", {running} running, {per_second:.1f}/s"
        if not self._is_drawing:
            self._write(text)
            return
        with self._lock:
            self._stream.write(CLEAR + text)
            self._stream.flush()

    def _write(self, line: str) -> None:
        with self._lock:
            self._stream.write((CLEAR if self._is_drawing else "") + line + "\n")
            self._stream.flush()

    def _object(self, level: str, message: str, **fields: Any) -> str:
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": time, "level": level, "message": message, **fields}, ensure_ascii=False)


class _LogHandler(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        """Show it; what cannot be shown is told by `logging` itself."""
        try:
            self._progress.log(record)
        except Exception:
            self.handleError(record)


def _camel_case(words: str) -> str:
    first, *rest = words.split()
    return first + "".join(word.capitalize() for word in rest)
