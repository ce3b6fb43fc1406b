"""A turn of the dialogue as TwiML: what is said, which key is waited for, where the key goes."""

from typing import Final
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from services.core.channels.voice import ANSWER_SECONDS, Part, Turn, words_of
from services.core.content import VoiceContent

#: language of every word we say
_LANGUAGE: Final = "fr-FR"


def turn_as_twiml(turn: Turn, script: VoiceContent, action: str) -> str:
    """The document; ``action`` is the address without the state, which is put behind it."""
    response = ET.Element("Response")
    if turn.gather:
        gather = ET.SubElement(
            response,
            "Gather",
            {
                "input": "dtmf",
                "numDigits": "1",
                # « # » is a key like any other
                "finishOnKey": "",
                "timeout": str(ANSWER_SECONDS),
                "actionOnEmptyResult": "true",
                "method": "POST",
                "action": f"{action}&{urlencode({'state': turn.state.packed()})}",
            },
        )
        _say(gather, turn.say, script)
    else:
        _say(response, turn.say, script)
        ET.SubElement(response, "Hangup")
    return _document(response)


def message_as_twiml(script: VoiceContent) -> str:
    """What an answering machine records: nothing but the neutral text."""
    response = ET.Element("Response")
    _say(response, (Part.VOICEMAIL,), script)
    ET.SubElement(response, "Hangup")
    return _document(response)


def hang_up() -> str:
    """Silence, and the end."""
    response = ET.Element("Response")
    ET.SubElement(response, "Hangup")
    return _document(response)


def _say(parent: ET.Element, parts: tuple[Part, ...], script: VoiceContent) -> None:
    for part in parts:
        words = words_of(part, script)
        if not words:
            continue
        say = ET.SubElement(parent, "Say", {"language": _LANGUAGE})
        if script.rate != 100:
            ET.SubElement(say, "prosody", {"rate": f"{script.rate}%"}).text = words
        else:
            say.text = words


def _document(response: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(response, encoding="unicode")
