"""The link page: GET shows and changes nothing, the POST of a visible choice goes onto Kafka before anybody is thanked.

Next: services/evidence/apply.py
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.core.policy import LinkPolicy
from services.core.ports.clock import Clock
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import NotPublished
from services.core.words import Choice
from services.web.calendar_file import calendar_file
from services.web.link import LinkView, Mistake, read_answer, reply_event, too_early, view_of
from services.web.ports import LinkCase, Outlet
from services.web.render import Renderer
from services.web.security import read_form

_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,128}")
#: A filled-in form has a few hundred octets.
_FORM_LIMIT: Final = 4096
#: A meeting further away than this has its reminder two days before still ahead, and a day after this answer (rules §10.5, R2):
#: then the page may promise one.
_SURELY_REMINDED: Final = timedelta(days=4)
#: When to try again after "Kafka or the database is away", in seconds.
_RETRY_AFTER: Final = "60"


class Links(Protocol):
    """What the link page reads."""

    async def link(self, token: str) -> LinkCase | None:
        """What this link is about; none when no attempt has this token or the person was erased. Raises ``StoreUnavailable``."""
        ...


class LinkRefused(Exception):
    """The link leads nowhere (404), no longer (410), or nowhere right now (503)."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPages:
    """The page behind the link of a message; needs no script, no session, no cookie."""

    pages: Links
    outlet: Outlet
    clock: Clock
    policy: LinkPolicy
    render: Renderer

    def routes(self) -> list[Route]:
        """GET (with HEAD) shows; only POST answers."""
        return [
            Route("/a/{token}", self.show, methods=["GET"]),
            Route("/a/{token}", self.answer, methods=["POST"]),
            Route("/a/{token}/rendez-vous.ics", self.calendar, methods=["GET"]),
            Route("/a/{token}/imprimer", self.printable, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """What the message said, and the choices."""
        _, view = await self._find(request)
        return self._form(view)

    async def answer(self, request: Request) -> Response:
        """A choice: published first, thanked afterwards."""
        case, view = await self._find(request)
        form = dict(await read_form(request, _FORM_LIMIT))
        answer = read_answer(form, view)
        if isinstance(answer, Mistake):
            return self._form(view, form=form, notice=answer.value, status=422)
        now = self.clock.now()
        event_id, event = reply_event(case, answer, now)
        try:
            await self.outlet.publish(event_id, event)
        except NotPublished:
            raise LinkRefused(503) from None
        if answer.choice is Choice.DECOY:
            return self._form(view, form=form, notice="wrong_date")
        if too_early(case, now, self.policy.early_suspect):
            return self._form(view, form=form, notice="once_more")
        reminded = any(duty.at - now > _SURELY_REMINDED for duty in view.meetings)
        return self.render.page("link/thanks.html", view=view, choice=answer.choice, reminded=reminded)

    async def calendar(self, request: Request) -> Response:
        """The meetings as a calendar file."""
        _, view = await self._find(request)
        if not view.meetings:
            raise LinkRefused(404)
        body = calendar_file(
            view.meetings,
            self.render.text("link/calendar.summary.txt").strip(),
            self.render.text("link/calendar.description.txt", reference=view.reference).strip(),
            self.clock.now(),
        )
        headers = {"content-disposition": 'attachment; filename="rendez-vous.ics"'}
        return Response(body, media_type="text/calendar; charset=utf-8; method=PUBLISH", headers=headers)

    async def printable(self, request: Request) -> Response:
        """A sheet to keep."""
        _, view = await self._find(request)
        return self.render.page("link/print.html", view=view)

    async def refused(self, _request: Request, problem: Exception) -> Response:
        """A friendly page without detail: who guesses links learns nothing. For the app's exception handlers."""
        # anything else is our bug: 503, because the person did nothing wrong and may try again
        match problem:
            case LinkRefused():
                code = problem.status
            case HTTPException():
                code = problem.status_code
            case _:
                code = 503
        headers = {"retry-after": _RETRY_AFTER} if code == 503 else {}
        return self.render.page("link/refused.html", status=code, headers=headers, status_code=code)

    def flooded(self, seconds: int) -> Response:
        """429: this source asks too often; when to come again."""
        return self.render.page("link/refused.html", status=429, headers={"retry-after": str(seconds)}, status_code=429)

    async def _find(self, request: Request) -> tuple[LinkCase, LinkView]:
        """The facts behind the link; raises ``LinkRefused``."""
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            raise LinkRefused(404)
        try:
            case = await self.pages.link(token)
        except StoreUnavailable:
            raise LinkRefused(503) from None
        if case is None or not case.obligations:
            raise LinkRefused(404)
        view = view_of(token, case, self.clock.now())
        if view.expired:
            raise LinkRefused(410)
        return case, view

    def _form(self, view: LinkView, *, form: Mapping[str, str] | None = None, notice: str = "", status: int = 200) -> Response:
        """The page, with what was already filled in and a word about what is missing."""
        return self.render.page("link/page.html", status=status, view=view, form=form or {}, notice=notice)
