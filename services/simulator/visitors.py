"""Whoever opens the link of a message, a person or a machine: the real page answers, over a socket or in this process."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.applications import Starlette

from services.core.ports.pages import LinkCase
from services.core.ports.store import Store, StoreUnavailable
from services.simulator.scenario.words import Method
from services.web.acknowledge import LinkPages, LinkRefused

#: what a scanner follows
_LINK: Final = re.compile(r'href="(/a/[^"#?]+)"')
_LATER: Final = 503

#: a client whose addresses begin at our public listener
Client = Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors:
    """Everybody with a browser."""

    client: Client

    async def visit(self, method: Method, token: str, form: Mapping[str, str]) -> None:
        """Open the link, or send its form. Raises ``StoreUnavailable`` when the page says that it cannot answer now."""
        async with self.client() as client:
            path = f"/a/{token}"
            match method:
                case Method.HEAD:
                    answer = await client.head(path)
                case Method.GET:
                    answer = await client.get(path)
                    for link in sorted(set(_LINK.findall(answer.text))):
                        await client.get(link)
                case Method.POST:
                    answer = await client.post(path, data=dict(form))
        if answer.status_code == _LATER:
            raise StoreUnavailable("the page cannot answer now")


def over_a_socket(url: str) -> Client:
    """To a listener of this machine."""
    return lambda: httpx.AsyncClient(base_url=url, trust_env=False)


def in_this_process(pages: Callable[[], LinkPages]) -> Client:
    """To the page itself, made once somebody asks for it: most stories open no link."""
    made: list[Starlette] = []

    @asynccontextmanager
    async def client() -> AsyncIterator[httpx.AsyncClient]:
        if not made:
            links = pages()
            made.append(Starlette(routes=links.routes(), exception_handlers={LinkRefused: links.refused}))
        transport = httpx.ASGITransport(app=made[0])
        async with httpx.AsyncClient(transport=transport, base_url="http://links") as opened:
            yield opened

    return client


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksOf:
    """Implements ``services.web.acknowledge.Links`` over a store: what stands behind a link, read from the facts."""

    store: Store

    async def link(self, token: str) -> LinkCase | None:
        """None when nobody was sent this link, or the person was erased. Raises ``StoreUnavailable``."""
        async with self.store.unit() as unit:
            found = await unit.attempt_by_token(token)
            if found is None:
                return None
            case = (await unit.load([found[1]]))[found[1]]
            staff = await unit.staff()
        if case.person is None:
            return None
        attempt = next(row for row in case.attempts if row.attempt_id == found[0])
        known = {row.obligation_id: row for row in case.obligations}
        duties = dict.fromkeys(item.obligation_id for item in attempt.items if item.obligation_id in known)
        return LinkCase(
            attempt=attempt,
            person=case.person,
            obligations=tuple(known[duty] for duty in duties),
            agency=staff.agencies.get(case.person.agency_id),
        )
