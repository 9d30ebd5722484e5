"""The voice skill: sentences, languages, and what people get wrong."""

import pytest


def speech(answer):
    return answer["response"]["outputSpeech"]["text"]


def test_turn_on_says_so(call):
    assert speech(call("alexa_turn_on")) == "Reading lamp is now on."


def test_scene_counts_what_changed(call):
    assert speech(call("alexa_scene")) == "Good night it is, 3 devices changed."
    assert speech(call("alexa_scene")) == "Good night it is."


def test_status_speaks_the_language_of_the_device(call):
    assert speech(call("alexa_status")) == "Radiator: an, target 18.5."


def test_launch_keeps_the_session_open(call):
    answer = call("alexa_help")
    assert speech(answer) == "You can ask for Reading lamp, Ceiling light, Coffee machine."
    assert answer["response"]["shouldEndSession"] is False


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en-US", "I know nothing called sauna."),
        ("de-AT", "sauna kenne ich nicht."),
        ("fr-FR", "I know nothing called sauna."),
    ],
)
def test_unknown_device_is_a_sentence(call, locale, sentence):
    request = {
        "type": "IntentRequest",
        "timestamp": "2026-11-03T18:42:10Z",
        "locale": locale,
        "intent": {"name": "TurnOnIntent", "slots": {"device": {"value": "sauna"}}},
    }
    assert speech(call("alexa_turn_on", request=request)) == sentence


def test_sensor_cannot_be_switched(call):
    request = {
        "type": "IntentRequest",
        "locale": "en-GB",
        "intent": {"name": "TurnOnIntent", "slots": {"device": {"value": "outdoor sensor"}}},
    }
    answer = call("alexa_turn_on", request=request)
    assert answer["statusCode"] == 400
    assert "cannot set on" in answer["body"]
