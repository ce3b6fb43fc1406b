"""Dead letters for operations: which there are, what is wrong with one, and the form that publishes them again."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.core.dead_letters import place_of
from services.core.ports.clock import Clock
from services.core.ports.dead_letters import Letters, Sought
from services.core.ports.store import DeadLetter, LetterPlace
from services.web.render import Renderer, local
from services.web.replay import LONGEST, Outcome, Replayed, Replayer
from services.web.security import FormTokens, read_form
from services.web.zones import PARIS

_ADDRESS: Final = "/operations/dead-letters"
#: more than anybody reads on one page
_SHOWN: Final = 100
#: a hundred places with their words
_FORM_LIMIT: Final = 65536
#: what we tell ourselves in the address of the list
_COUNT: Final = re.compile(r"[0-9]{1,9}")
#: whose form it is, until sign-in exists
_FORM: Final = "operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPages:
    """``/operations/dead-letters``; what the records say is on none of these pages (contracts §1)."""

    letters: Letters
    replayer: Replayer
    tokens: FormTokens
    clock: Clock
    render: Renderer

    def routes(self) -> list[Route]:
        """The list, one letter, and the form."""
        return [
            Route(_ADDRESS, self.overview, methods=["GET"]),
            Route(_ADDRESS, self.replay, methods=["POST"]),
            Route(_ADDRESS + "/{topic}/{partition:int}/{offset:int}", self.show, methods=["GET"]),
        ]

    async def overview(self, request: Request) -> Response:
        """Letters of a topic, with an error at a path, replayed or not; those that still wait by default."""
        asked = dict(request.query_params)
        found = await self.letters.dead_letters(_sought(asked, _SHOWN + 1))
        return self._page("operations/dead_letters.html", asked, letters=found[:_SHOWN], more=len(found) > _SHOWN)

    async def show(self, request: Request) -> Response:
        """One letter with every error and each replay."""
        place = place_of("{topic}/{partition}/{offset}".format_map(request.path_params))
        if place is None:
            raise HTTPException(404)
        topic, partition, offset = place
        letter = next(iter(await self.letters.dead_letters(Sought(topic=topic, partition=partition, offset=offset))), None)
        if letter is None:
            raise HTTPException(404)
        return self._page("operations/dead_letter.html", dict(request.query_params), letters=(letter,), more=False)

    async def replay(self, request: Request) -> Response:
        """Publish the chosen ones, or all that the filter finds, again; back to the list, which says what became of them."""
        pairs = await read_form(request, _FORM_LIMIT)
        form = dict(pairs)
        if not self.tokens.holds(form.get("token", ""), _FORM, self.clock.now()):
            raise HTTPException(403, "form_expired")
        filters = {name: form[name] for name in ("topic", "error", "replayed") if form.get(name)}
        by, reason = form.get("by", "").strip(), form.get("reason", "").strip()
        if not 0 < len(by) <= LONGEST or not 0 < len(reason) <= LONGEST:
            return _back({**filters, "problem": "words"})
        places = await self._places(form, [value for name, value in pairs if name == "letter"])
        if not places:
            return _back({**filters, "problem": "none"})
        try:
            done = await self.replayer.replay(places, by=by, reason=reason, again=form.get("again") == "yes")
        except ConnectionError:
            return _back({**filters, "problem": "kafka"})
        return _back(filters | _told(done))

    async def _places(self, form: dict[str, str], chosen: list[str]) -> list[LetterPlace]:
        if form.get("which") == "found":
            return [letter.place for letter in await self.letters.dead_letters(_sought(form, None))]
        return [place for each in chosen if (place := place_of(each)) is not None]

    def _page(self, template: str, asked: dict[str, str], *, letters: Sequence[DeadLetter], more: bool) -> Response:
        now = self.clock.now()
        return self.render.page(
            template,
            letters=letters,
            more=more,
            asked={name: asked.get(name, "") for name in ("topic", "error", "replayed")},
            told={str(outcome): int(asked[outcome]) for outcome in Outcome if _COUNT.fullmatch(asked.get(outcome, ""))},
            problem=asked.get("problem", ""),
            token=self.tokens.issue(_FORM, now),
            longest=LONGEST,
            now=local(now, PARIS),
            zone=PARIS,
        )


def _sought(asked: dict[str, str], limit: int | None) -> Sought:
    replayed = {"yes": True, "all": None}.get(asked.get("replayed", ""), False)
    return Sought(topic=asked.get("topic") or None, error=asked.get("error") or None, replayed=replayed, limit=limit)


def _told(done: Replayed) -> dict[str, str]:
    return {str(outcome): str(count) for outcome, count in Counter(done.outcomes.values()).items()}


def _back(query: dict[str, str]) -> Response:
    return RedirectResponse(f"{_ADDRESS}?{urlencode(query)}", status_code=303)
