"""A Chalice application that many threads may call at once.

Chalice keeps the request it is answering on the application object, since Lambda answers one at a time. The
local server answers several, and each must see its own. In Lambda the class behaves as Chalice itself.
"""

import threading
from typing import Any

from chalice.app import Chalice, Request


class ThreadedChalice(Chalice):
    """Chalice whose `current_request` and `lambda_context` belong to the calling thread.

    As with Chalice, reading either before a request came (here: to this thread) raises AttributeError.

    Source: chalice.local.LocalChalice does the same for `current_request`, but all applications share it.
    """

    def __init__(self, app_name: str, **options: Any) -> None:
        """Take what Chalice takes."""
        self._of_thread = threading.local()
        super().__init__(app_name, **options)

    @property
    def current_request(self) -> Request | None:
        """The request that this thread answers."""
        request: Request | None = self._of_thread.request
        return request

    @current_request.setter
    def current_request(self, request: Request | None) -> None:
        self._of_thread.request = request

    @property
    def lambda_context(self) -> Any:
        """The context of the invocation that this thread answers."""
        return self._of_thread.context

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._of_thread.context = context
