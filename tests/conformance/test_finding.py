"""Processes found by name, application, unique id and version of the snapshot."""

import pytest

from chalicelib.engine.errors import InvalidCommand, NotFound, Reason
from chalicelib.service.finding import Selectors, find_process
from chalicelib.storage.keys import processes_named
from chalicelib.storage.ports import Delete
from tests import models
from tests.play import Engine

BOOKING = "lane/booking.bpmn"


def tags(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def found(engine: Engine, name: str = "Booking Room", **selectors: str) -> str:
    """The version that is found, by an environment that has cached nothing."""
    engine.env = engine.environment()
    return find_process(engine.env, Selectors(name, **selectors)).version


@pytest.mark.every_store
def test_newest_of_a_name_is_found_by_what_people_call_it_and_by_its_id(engine):
    engine.deploy(BOOKING, version="1")
    engine.deploy(BOOKING, version="2")

    assert found(engine) == "2"
    assert found(engine, "booking") == "2"
    assert found(engine, app_name="HotelApp", unique_id="P0001", snap_version="v.0.1.0") == "2"
    assert found(engine, unique_id="booking") == "2"


def test_tag_counts_more_than_what_the_model_says(engine):
    engine.deploy(BOOKING, version="1")
    engine.deploy(BOOKING, version="2", tags=tags(snapVersion="v.0.2.0"))

    assert found(engine, snap_version="v.0.1.0") == "1"
    assert found(engine, snap_version="v.0.2.0") == "2"


@pytest.mark.parametrize(
    ("name", "selectors", "text"),
    [
        ("booking room", {}, "process booking room could not be found"),
        ("Booking Room", {"app_name": "Other"}, r"process Booking Room \(appName Other\) could not be found"),
        ("Booking Room", {"unique_id": "P2"}, r"\(uniqueId P2\)"),
        ("Booking Room", {"snap_version": "v.9"}, r"\(snapVersion v.9\)"),
    ],
)
def test_every_selector_must_match(engine, name, selectors, text):
    engine.deploy(BOOKING)

    with pytest.raises(NotFound, match=text) as refusal:
        found(engine, name, **selectors)

    assert refusal.value.reason is Reason.PROCESS_NOT_FOUND


def test_several_applications_are_named(engine):
    engine.deploy(BOOKING, version="1")
    engine.deploy(BOOKING, version="2", tags=tags(appName="SpaApp"))

    with pytest.raises(
        InvalidCommand, match="appName HotelApp, uniqueId P0001; appName SpaApp, uniqueId P0001"
    ):
        found(engine)
    assert found(engine, app_name="HotelApp") == "1"


def test_microflow_is_no_process(engine):
    engine.deploy(BOOKING, version="1")
    flow = models.drawn("flow", "", "start -> end").replace("<process ", '<process name="Booking Room" ')
    engine.deploy_xml(flow, tags=tags(microflow="true"))

    assert found(engine) == "1"
    assert find_process(engine.env, Selectors("Booking Room"), is_microflow=True).bpmn_process_id == "flow"


def test_what_another_process_deploys_is_seen_once_the_names_are_read_again(engine):
    engine.deploy(BOOKING, version="1")
    found(engine)
    here = engine.env

    engine.env = engine.environment()
    engine.deploy(BOOKING, version="2")

    assert find_process(here, Selectors("Booking Room")).version == "1"
    here.store.forget_processes()
    assert find_process(here, Selectors("Booking Room")).version == "2"


def test_only_what_is_found_is_read(engine):
    for version in ("1", "2", "3"):
        engine.deploy(BOOKING, version=version)
    recording = engine.record()

    for _ in range(3):
        find_process(engine.env, Selectors("Booking Room", snap_version="v.0.1.0"))

    assert recording.calls["get"] == 2, "the names, and the process"


def test_what_an_older_release_has_deployed_is_found_by_its_id(engine):
    engine.deploy(BOOKING, version="1")
    names = [processes_named(name) for name in ("Booking Room", "booking")]
    engine.items.commit([Delete(key) for key in names])

    assert found(engine, "booking") == "1"
    engine.deploy(BOOKING, version="2", tags=tags(snapVersion="v.0.2.0"))
    assert found(engine, "booking", snap_version="v.0.1.0") == "1"
    assert found(engine) == "2"


def test_name_without_a_process_is_looked_up_each_time(engine):
    with pytest.raises(NotFound):
        found(engine)
    here = engine.env

    engine.env = engine.environment()
    engine.deploy(BOOKING)

    assert find_process(here, Selectors("Booking Room")).version == "1"


def test_lanes_and_properties_are_kept(engine):
    id = engine.deploy(BOOKING)["id"]

    engine.env = engine.environment()
    model = engine.env.store.process(id).model
    assert [lane.name for lane in model.lanes] == ["Hotel", "Front desk", None]
    assert model.lanes[1].property("assignment") == "pull"
    assert model.elements[0].extension.property("appName") == "HotelApp"


@pytest.mark.every_store
def test_all_processes_of_an_engine_have_one_secret_of_ids(engine):
    secret = engine.env.store.id_secret()

    assert len(secret) == 32
    assert engine.environment().store.id_secret() == secret
