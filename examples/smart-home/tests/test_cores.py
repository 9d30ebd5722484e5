"""The cores by themselves."""

from datetime import datetime, timedelta, timezone

import pytest

import cache_core
import clock_core
import config_core
import device_core
import query_core
import tariff_core
from errors import HomeError, NotFound
from metrics_core import timed


@pytest.mark.parametrize(
    "text",
    ["2026-11-03T18:41:00Z", "03/Nov/2026:18:41:00 +0000", "2026-11-03T19:41:00+01:00", "2026-11-03T18:41:00"],
)
def test_moments_in_every_form(text):
    assert clock_core.parse(text) == datetime(2026, 11, 3, 18, 41, tzinfo=timezone.utc)


def test_event_without_a_time_is_now():
    assert abs(clock_core.event_time({}) - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_cache_forgets():
    cache_core.put("a", 1, 60)
    cache_core.put("b", 2, -1)
    assert (cache_core.get("a"), cache_core.get("b")) == (1, None)
    assert cache_core.evict() == 1


@pytest.mark.parametrize("spoken", ["reading lamp", "the Reading Lamp", "living reading lamp"])
def test_spoken_names(spoken):
    assert device_core.by_spoken_name(spoken).id == "lamp-1"


def test_nobody_is_called_nothing():
    with pytest.raises(NotFound):
        device_core.by_spoken_name("")


@pytest.mark.parametrize(("hour", "price", "until"), [(0, 0.2, 6), (5, 0.2, 6), (6, 0.3, 24), (23, 0.3, 24)])
def test_price_steps(hour, price, until):
    tariffs = {"steps": [{"from": 6, "price": 0.3}, {"from": 0, "price": 0.2}]}
    assert tariff_core.price_at(tariffs, hour) == (price, until)


def test_price_steps_that_leave_the_night_out():
    with pytest.raises(HomeError):
        tariff_core.price_at({"steps": [{"from": 6, "price": 0.3}]}, 5)


def test_section_that_is_not_there():
    with pytest.raises(HomeError):
        config_core.section("gates")


def test_pick_default():
    assert query_core.pick({"a": [{"b": 0}]}, "a.0.b", 7) == 0
    assert query_core.pick({"a": None}, "a.b", 7) == 7
    assert query_core.pick({"a": []}, "a.0", 7) == 7


def test_timed_keeps_name_and_answer():
    @timed("double")
    def double(value):
        return value * 2

    assert (double(4), double.__name__) == (8, "double")
