"""Messages: buffered, unique, found. Who waits for them: `test_message_event`."""

from typing import Any

import pytest

from chalicelib.contract import commands as c
from chalicelib.engine.messages import KEPT
from tests.play import WORKER, Engine


def send(engine: Engine, name: str = "paid", key: str = "order-1", **fields: Any) -> dict[str, Any]:
    return engine.send(c.SendMessage(name=name, correlationKey=key, workerId=WORKER, **fields))


def found(engine: Engine, **criteria: Any) -> list[dict[str, Any]]:
    engine.env = engine.environment()
    return engine.send(c.QueryMessages(**criteria))["results"]


@pytest.mark.every_store
def test_message_is_buffered_until_it_expires(engine: Engine) -> None:
    message = send(engine, expirationTimer={"timeDuration": "PT1H"}, uniqueKey="u")

    assert message == {
        "id": 1,
        "name": "paid",
        "correlationKey": "order-1",
        "createdAt": "2030-01-01T08:00:00.000Z",
        "createdBy": WORKER,
        "expiresAt": "2030-01-01T09:00:00.000Z",
        "correlated": False,
        "uniqueKey": "u",
    }
    assert found(engine) == found(engine, excludeExpired=True) == [message]
    engine.clock.advance("PT1H")
    assert found(engine) == [message]
    assert found(engine, excludeExpired=True) == []


def test_message_without_timer_expires_at_once(engine: Engine) -> None:
    message = send(engine)

    assert message["expiresAt"] == message["createdAt"]
    assert found(engine, excludeExpired=True) == []


@pytest.mark.parametrize(
    ("timer", "expires"),
    [
        ({"time": "2030-01-01T10:30:00+01:00"}, "2030-01-01T09:30:00.000Z"),
        ({"timeCycle": "0 * * * *"}, "2030-01-01T09:00:00.000Z"),
        ({"timeCycle": "R/PT5M"}, "2030-01-01T08:05:00.000Z"),
        ({"timeDuration": "P1M"}, "2030-02-01T08:00:00.000Z"),
    ],
)
def test_expiration_is_a_time_a_tick_or_a_duration(
    engine: Engine, timer: dict[str, str], expires: str
) -> None:
    assert send(engine, expirationTimer=timer)["expiresAt"] == expires


@pytest.mark.every_store
def test_second_message_with_the_same_unique_key_is_discarded(engine: Engine) -> None:
    first = send(engine, uniqueKey="u", expirationTimer={"timeDuration": "PT1H"})
    engine.clock.advance("PT1S")

    assert send(engine, uniqueKey="u") == first
    assert send(engine, uniqueKey="v")["id"] != first["id"]
    assert send(engine, key="order-2", uniqueKey="u")["id"] != first["id"]
    assert send(engine)["id"] != first["id"]
    assert len(found(engine)) == 4


def test_racing_messages_with_one_unique_key_are_one(engine: Engine) -> None:
    recording = engine.record()
    others: list[dict[str, Any]] = []
    recording.before_commit = lambda: others.append(send(engine, uniqueKey="u"))

    mine = send(engine, uniqueKey="u")

    assert others == [mine]
    assert found(engine) == [mine]


@pytest.mark.every_store
def test_names_and_keys_are_never_mixed_up(engine: Engine) -> None:
    pairs = [("a#b", "c"), ("a", "b#c"), ('a","', "c"), ("a", '","c'), ("ก ข", "é\n")]

    ids = [send(engine, name, key, uniqueKey="u")["id"] for name, key in pairs]

    assert len(set(ids)) == len(pairs)
    assert [(m["name"], m["correlationKey"]) for m in found(engine)] == pairs
    assert [m["id"] for m in found(engine, name="a")] == [ids[1], ids[3]]


@pytest.mark.every_store
def test_messages_are_found_by_id_in_the_order_of_their_ids(engine: Engine) -> None:
    """More than stay in a slot: the older ones have left it."""
    ids = [send(engine, key=f"order-{number % 2}")["id"] for number in range(3 * KEPT)]
    kept = send(engine, key="order-0", expirationTimer={"timeDuration": "P1D"})
    assert ids == sorted(ids)

    assert [m["id"] for m in found(engine)] == [*ids, kept["id"]]
    assert [m["id"] for m in found(engine, offset=2, limit=3)] == ids[2:5]
    assert [m["id"] for m in found(engine, id=ids[0])] == [ids[0]]
    assert found(engine, id=kept["id"] + 1) == []


def test_slot_sheds_hundreds_of_expired_messages_bit_by_bit(engine: Engine) -> None:
    for _ in range(130):
        send(engine, expirationTimer={"timeDuration": "PT1H"})
    engine.clock.advance("PT2H")

    for _ in range(3):
        send(engine)

    assert len(found(engine)) == 133


def test_messages_of_two_processes_are_found_although_their_ids_come_mixed(engine: Engine) -> None:
    one, other = engine.environment(), engine.environment()
    for env in (one, one, other, one, other):
        engine.env = env
        send(engine)
    engine.env = one
    ids = [send(engine)["id"] for _ in range(3)]

    everything = [message["id"] for message in found(engine)]
    assert everything == sorted(everything)
    assert all(found(engine, id=id) for id in ids)


def test_encrypted_variable_of_a_message_needs_a_key(engine: Engine) -> None:
    variable = {"name": "card", "data": {"encoding": "text", "value": "4111", "encrypted": True}}

    with pytest.raises(Exception, match="variable card cannot be encrypted"):
        send(engine, variables=[variable])

    assert found(engine) == []


def test_nobody_waits_for_messages_or_signals_without_events(engine: Engine) -> None:
    send(engine)

    assert engine.send(c.QueryMessageSubscriptions(name="paid")) == {"count": 0, "results": []}
    assert engine.send(c.QuerySignalSubscriptions(name="stop")) == {"count": 0, "results": []}


@pytest.mark.every_store
def test_signal_without_subscribers_is_counted(engine: Engine) -> None:
    signals = [engine.send(c.SendSignal(name="stop", workerId=WORKER)) for _ in range(2)]

    assert [(signal["id"], signal["subscriberCount"]) for signal in signals] == [(1, 0), (2, 0)]
    assert signals[0]["createdAt"] == "2030-01-01T08:00:00.000Z"
