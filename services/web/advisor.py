"""The advisor's pages: who you are, your list by time left, one person's story, and what you did about it."""

from dataclasses import dataclass
from typing import Final, NoReturn
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.core.model import Advisor, AlertId, ObligationId, PersonId
from services.core.ports.clock import Clock
from services.web.access import follows
from services.web.ahead import Foresee, ahead
from services.web.live import Live
from services.web.portfolio import actions_for, portfolio
from services.web.ports import Access, Desk, DeskAction, DeskResult, Pages, PersonFile
from services.web.render import Renderer, local
from services.web.security import FormTokens, read_form
from services.web.timeline import story
from services.web.wording import Wording
from services.web.zones import PARIS, zone_of_person

_FORM_LIMIT: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorPages:
    """``/advisor``; until sign-in exists the advisor is chosen from a list, and the listener answers this machine only."""

    pages: Pages
    desk: Desk
    access: Access
    wording: Wording
    tokens: FormTokens
    live: Live
    clock: Clock
    render: Renderer
    #: open alerts above which the list is grouped by deadline (policy: alerts.budget)
    budget: int
    foresee: Foresee

    def routes(self) -> list[Route]:
        """The choice of advisor stands in the address."""
        return [
            Route("/advisor", self.choose, methods=["GET"]),
            Route("/advisor/{advisor_id}", self.show, methods=["GET"]),
            Route("/advisor/{advisor_id}/list", self.part, methods=["GET"]),
            Route("/advisor/{advisor_id}/live", self.live.stream, methods=["GET"]),
            Route("/advisor/{advisor_id}/people/{person_id}", self.file, methods=["GET"]),
            Route("/advisor/{advisor_id}/acts", self.act, methods=["POST"]),
        ]

    async def choose(self, _request: Request) -> Response:
        """Who you are, from a plain list."""
        return self.render.page("advisor/choose.html", advisors=await self.pages.advisors())

    async def show(self, request: Request) -> Response:
        """The list with its frame."""
        return await self._list(request, "advisor/list.html")

    async def part(self, request: Request) -> Response:
        """The list alone, for the live refresh."""
        return await self._list(request, "advisor/_list.html")

    async def file(self, request: Request) -> Response:
        """One person's story, for who follows this person; each look is logged."""
        advisor = await self._advisor(request)
        file = await self._file(advisor, PersonId(request.path_params["person_id"]), "read_file")
        now = self.clock.now()
        open_alerts = [alert for alert in file.case.alerts if alert.closed_at is None]
        obligations = {obligation.obligation_id: obligation for obligation in file.case.obligations}
        zone = zone_of_person(file.case.person)
        rows = [
            {
                "alert": alert,
                "next_action": self.wording.next_action(alert, zone),
                "known": [self.wording.fact(fact, zone) for fact in alert.known],
                "act_by": local(alert.act_by, zone),
                "left": alert.act_by - now,
                "actions": actions_for(alert, obligations.get(alert.obligation_id) if alert.obligation_id else None),
            }
            for alert in sorted(open_alerts, key=lambda alert: alert.act_by)
        ]
        return self.render.page(
            "advisor/file.html",
            advisor=advisor,
            file=file,
            story=story(file),
            ahead=await ahead(self.foresee, file.case, now),
            alerts=rows,
            token=self.tokens.issue(advisor.advisor_id, now),
            done=request.query_params.get("done", ""),
            now=local(now, zone),
        )

    async def act(self, request: Request) -> Response:
        """An advisor's word about what was done; back to where it was said."""
        advisor = await self._advisor(request)
        form = dict(await read_form(request, _FORM_LIMIT))
        now = self.clock.now()
        if not self.tokens.holds(form.get("token", ""), advisor.advisor_id, now):
            self._deny("form_expired")
        try:
            action = DeskAction(form.get("action", ""))
        except ValueError:
            raise HTTPException(422) from None
        person_id = PersonId(form.get("person_id", ""))
        await self._file(advisor, person_id, f"act_{action.value}")
        result = await self.desk.act(
            advisor_id=advisor.advisor_id,
            person_id=person_id,
            action=action,
            alert_id=AlertId(form["alert_id"]) if form.get("alert_id") else None,
            obligation_id=ObligationId(form["obligation_id"]) if form.get("obligation_id") else None,
            at=now,
        )
        if result is DeskResult.DENIED:
            self._deny("not_yours")
        back = f"/advisor/{advisor.advisor_id}"
        if form.get("back") == "file":
            back += f"/people/{person_id}"
        note = action.value if result is DeskResult.DONE else result.value
        return RedirectResponse(f"{back}?{urlencode({'done': note})}", status_code=303)

    async def _list(self, request: Request, template: str) -> Response:
        advisor = await self._advisor(request)
        now = self.clock.now()
        lines = await self.pages.desk(advisor.advisor_id, advisor.agency_id)
        return self.render.page(
            template,
            advisor=advisor,
            portfolio=portfolio(lines, advisor.advisor_id, now, self.wording, self.budget),
            token=self.tokens.issue(advisor.advisor_id, now),
            done=request.query_params.get("done", ""),
            now=local(now, PARIS),
        )

    async def _advisor(self, request: Request) -> Advisor:
        """Who is asking; raises 404 for nobody, 403 for who has left."""
        advisor = await self.pages.advisor(request.path_params["advisor_id"])
        if advisor is None:
            raise HTTPException(404)
        if not advisor.active:
            self._deny("not_active")
        return advisor

    async def _file(self, advisor: Advisor, person_id: PersonId, purpose: str) -> PersonFile:
        """The file, when this advisor follows the person. Unknown people are denied alike: no guessing of identifiers."""
        file = await self.pages.file(person_id)
        granted = file is not None and follows(advisor, file.case)
        await self.access.record(actor=advisor.advisor_id, person_id=person_id, purpose=purpose, granted=granted)
        if file is None or not granted:
            self._deny("not_yours")
        return file

    def _deny(self, why: str) -> NoReturn:
        """403; the page words the reason."""
        raise HTTPException(403, detail=why)
