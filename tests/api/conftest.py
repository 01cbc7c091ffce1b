import pytest

from tests.api.driver import Api


@pytest.fixture
def api() -> Api:
    """The engine API on an empty memory store; nothing is deployed."""
    return Api()


@pytest.fixture
def running(api: Api) -> Api:
    """With one deployed process and one instance, which waits for job 1."""
    api.deploy()
    api.start()
    return api
