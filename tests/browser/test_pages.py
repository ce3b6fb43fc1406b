"""What only a browser can tell: widths, weight, scripts, focus, contrast, live refresh."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Response, expect

from services.core.changes import Changes
from services.core.words import AlertType, Severity
from tests.browser.conftest import Site
from tests.unit.web.people import TOKEN, alert, meeting, person

# one Chromium and one loop for all of them: starting it takes a second
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LINK_PATHS = (f"/a/{TOKEN}", f"/a/{TOKEN}/imprimer", "/a/unknown-token")
STAFF_PATHS = ("/advisor", "/advisor/durand", "/advisor/durand/people/luc", "/operations", "/advisor/morel/people/luc")

#: Contrast of every visible text against its first opaque background (WCAG 2.1, 1.4.3), as [ratio, text] below 4.5.
WEAK_CONTRAST = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return {r: m[0], g: m[1], b: m[2], a: m.length > 3 ? m[3] : 1}; };
  const lum = c => { const f = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b); };
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c; }
    return {r: 255, g: 255, b: 255}; };
  const weak = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility()) continue;
    const a = lum(parse(getComputedStyle(e).color)), b = lum(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push([ratio.toFixed(2), e.textContent.trim().slice(0, 40)]);
  }
  return weak;
}"""


async def open_at(browser: Browser, url: str, width: int, *, script: bool = True) -> Page:
    """A page in a window of that width."""
    context = await browser.new_context(viewport={"width": width, "height": 640}, java_script_enabled=script)
    page = await context.new_page()
    await page.goto(url)
    return page


@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_no_sideways_scrolling(browser: Browser, site: Site, width: int) -> None:
    """Every page fits its window from 320 px on (§8.1)."""
    for url in (*(site.public + path for path in LINK_PATHS), *(site.staff + path for path in STAFF_PATHS)):
        page = await open_at(browser, url, width)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, url
        await page.context.close()


async def test_light(browser: Browser, site: Site) -> None:
    """The link page with its sheet, font and icon weighs less than 50 kB, and asks nobody else for anything (§8.1)."""
    context = await browser.new_context()
    page = await context.new_page()
    answers: list[Response] = []

    def keep(response: Response) -> None:
        answers.append(response)

    page.on("response", keep)
    await page.goto(f"{site.public}/a/{TOKEN}", wait_until="networkidle")
    sizes = {answer.url: len(await answer.body()) for answer in answers}
    assert all(url.startswith(site.public) for url in sizes)
    assert any("woff2" in url for url in sizes)
    assert sum(sizes.values()) < 50_000, sizes


async def test_answering_without_a_script(browser: Browser, site: Site) -> None:
    """With JavaScript off and by keyboard alone, Caroline chooses the date and answers (§8.1)."""
    page = await open_at(browser, f"{site.public}/a/{TOKEN}", 320, script=False)
    await page.get_by_label(re.compile("jeudi 3 décembre", re.IGNORECASE)).focus()
    await page.keyboard.press("Space")
    await page.get_by_label(re.compile("pour moi")).check()
    await page.get_by_role("button", name="Je viendrai").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("noté")
    ((_, event),) = site.world.outlet.published
    assert event.data["choice"] == "come"
    assert event.data["answered_by"] == "self"


async def test_declining_without_a_script(browser: Browser, site: Site) -> None:
    """The reasons open without JavaScript, and giving one is optional."""
    page = await open_at(browser, f"{site.public}/a/{TOKEN}", 320, script=False)
    await page.get_by_label(re.compile("jeudi 3 décembre", re.IGNORECASE)).check()
    await page.get_by_text("Je ne peux pas venir", exact=True).click()
    await page.get_by_label("famille").check()
    await page.get_by_role("button", name=re.compile("Confirmer")).click()
    await expect(page.get_by_role("status")).to_contain_text("je ne peux pas venir")
    ((_, event),) = site.world.outlet.published
    assert event.data["reason"] == "family"


async def test_a_machine_that_runs_scripts_and_follows_links(browser: Browser, site: Site) -> None:
    """SC-27: a headless browser that loads the page and follows all its links publishes nothing (§7, §10.12)."""
    page = await open_at(browser, f"{site.public}/a/{TOKEN}", 1280)
    links = await page.eval_on_selector_all("a[href^='/']", "all => all.map(a => a.href)")
    assert links
    for link in links:
        await page.request.get(link)
    assert site.world.outlet.published == []


async def test_focus_is_visible(browser: Browser, site: Site) -> None:
    """Whatever Tab reaches shows an outline, on the link page and on the advisor's list (§8.1)."""
    for url in (f"{site.public}/a/{TOKEN}", f"{site.staff}/advisor/durand"):
        page = await open_at(browser, url, 768)
        for _ in range(12):
            await page.keyboard.press("Tab")
            seen = await page.evaluate(
                """() => { let e = document.activeElement; if (e === document.body) return null;
                  if (e.matches('.pick input')) e = e.closest('.pick');
                  const s = getComputedStyle(e); return [s.outlineStyle, parseFloat(s.outlineWidth), e.outerHTML.slice(0, 80)]; }"""
            )
            assert seen is None or (seen[0] != "none" and seen[1] >= 2), seen
        await page.context.close()


async def test_contrast(browser: Browser, site: Site) -> None:
    """Every text has a contrast of 4.5 or more (WCAG AA)."""
    for url in (*(site.public + path for path in LINK_PATHS), *(site.staff + path for path in STAFF_PATHS)):
        page = await open_at(browser, url, 1280)
        assert await page.evaluate(WEAK_CONTRAST) == [], url
        await page.context.close()


async def test_fingers(browser: Browser, site: Site) -> None:
    """What is touched on a telephone is at least 44 px high."""
    page = await open_at(browser, f"{site.public}/a/{TOKEN}", 320)
    heights = await page.eval_on_selector_all(".pick, button, summary, .button", "all => all.map(e => e.getBoundingClientRect().height)")
    assert min(height for height in heights if height) >= 44


async def test_language_and_structure(browser: Browser, site: Site) -> None:
    """French is declared, there is one first-level heading, every field has a label, no picture lacks its text."""
    for url in (*(site.public + path for path in LINK_PATHS), *(site.staff + path for path in STAFF_PATHS)):
        page = await open_at(browser, url, 768)
        assert await page.evaluate("document.documentElement.lang") == "fr"
        assert await page.locator("h1").count() == 1, url
        assert await page.evaluate("[...document.querySelectorAll('input:not([type=hidden])')].every(e => e.labels.length)")
        assert await page.evaluate("[...document.images].every(e => e.hasAttribute('alt'))")
        await page.context.close()


async def test_the_list_refreshes_itself(browser: Browser, site: Site) -> None:
    """A new alert appears on the open list without reloading, and no policy of the browser is broken."""
    context = await browser.new_context()
    page = await context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", listen)
    async with page.expect_response(lambda response: response.url.endswith("/live")):
        await page.goto(f"{site.staff}/advisor/durand")
    await expect(page.get_by_text("Annie")).to_have_count(0)
    duty = meeting("annie", "annie", "2026-11-27T09:00")
    urgent = alert("al-annie", duty, AlertType.UNREACHABLE, Severity.CRITICAL, "2026-11-25T11:00")
    await site.world.put(Changes(profiles=[person("annie", "Annie")], obligations=[duty], alerts=[urgent]))
    site.world.pulse.event.set()
    await expect(page.get_by_role("link", name="Annie T.")).to_be_visible()
    assert complaints == []


async def test_the_board_refreshes_itself(browser: Browser, site: Site) -> None:
    """The operations page turns calm by itself when the trouble is over."""
    context = await browser.new_context()
    page = await context.new_page()
    async with page.expect_response(lambda response: response.url.endswith("/live")):
        await page.goto(f"{site.staff}/operations")
    await expect(page.get_by_role("heading", level=2).first).to_have_text("Non. Il faut agir.")
    board = site.world.pages.board
    site.world.pages.board = replace(board, waiting=(), quarantined=(), alerts=(), dead_letters=(), dead_letters_total=0)
    site.world.pulse.event.set()
    await expect(page.get_by_role("heading", level=2).first).to_have_text("Oui. Rien ne bloque.")
