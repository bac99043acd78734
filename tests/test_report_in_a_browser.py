"""The page in Chromium: nothing fetched, nothing inaccessible, numbers show their sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cmeneeds.report import markdown as md
from cmeneeds.report.html import export_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_package = pytest.importorskip("axe_playwright_python", reason="axe is not installed")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

ADDRESS = "11.3.0-40"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
CARD = md.passage("Only 62% of them had it.", ADDRESS, label="GAP", section="RESULTS", value=(5, 8))
ROWS = [
    [md.term(name), md.figure("62%", ADDRESS) + md.cite(11), md.count(n, "x.y"), "long " * 9]
    for name, n in (("beta", 10), ("alpha", 9), ("gamma", 100), ("delta", 2), ("epsilon", 33))
]
REPORT = f"""{md.banner("draft", "Not confirmed.")}
{md.banner("sample", "Made up.")}

Topic
:   something made up

# Summary

{"Words before. " * 200}

Only {md.figure("62%", ADDRESS)} had it {md.cite(11)}.

{md.table(ROWS, ["Name", "Share", "Count", "Words"], "A table <b>")}

{md.picture("rates", "A chart", "Bars: x < y")}

## Gap

{md.evidence("Evidence", [CARD])}

{md.open_question("Who?")}

# References

::: {{#refs}}
:::
"""
REFERENCES = [
    {
        "id": "pmid-11",
        "type": "article-journal",
        "title": "A made-up study",
        "author": [{"family": "Example", "given": "A"}],
        "container-title-short": "J Made Up Med",
        "issued": {"date-parts": [[2024]]},
        "URL": "https://pubmed.ncbi.nlm.nih.gov/11/",
    }
]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "figures").mkdir()
    (folder / "figures" / "rates.svg").write_text(SVG)
    (folder / "report.md").write_text(REPORT, encoding="utf-8")
    out = folder / "report.html"
    export_html(folder / "report.md", REFERENCES, out, "A made-up report", folder / "figures")
    return out


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(chromium, page_file, size="desktop", **options):
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda r: page.asked.append(r.url))
    page.on("console", lambda m: page.complaints.append(m.text))
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto(page_file.as_uri())
    return page


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_asked_for_but_the_file_itself(chromium, page_file, size):
    page = opened(chromium, page_file, size)
    page.locator("main a.figure").first.click()
    page.locator("button.sort").first.click()
    page.emulate_media(media="print")
    page.wait_for_load_state("networkidle")
    assert [u for u in page.asked if not u.startswith("data:")] == [page_file.as_uri()]
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shown", ["page", "peek"])
def test_an_audit_finds_nothing_serious(chromium, page_file, size, shown):
    # The page's own policy would keep the audit's script out.
    page = opened(chromium, page_file, size, bypass_csp=True)
    page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    if shown == "peek":
        page.locator("main p a.figure").first.click()
    page.evaluate((Path(axe_package.__file__).parent / "axe.min.js").read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    assert len(found["passes"]) > 20
    bad = [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]
           if v["impact"] in ("serious", "critical")]  # fmt: skip
    assert bad == []


def test_a_number_shows_its_sentence_where_the_reader_is(chromium, page_file):
    page = opened(chromium, page_file)
    link = page.locator("main p a.figure").first
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    link.focus()
    page.keyboard.press("Enter")
    peek = page.get_by_role("dialog", name="Evidence")
    assert peek.is_visible()
    assert "Only 62% of them had it." in peek.inner_text()
    assert "PMID 11" in peek.inner_text()
    assert page.evaluate("scrollY") == before
    page.keyboard.press("Escape")
    assert not peek.is_visible()
    assert page.evaluate("document.activeElement.id") == link.get_attribute("id")


def test_the_sentence_leads_on_to_its_card(chromium, page_file):
    page = opened(chromium, page_file)
    page.locator("main p a.figure").first.click()
    page.get_by_role("link", name="Show it in the report").click()
    card = page.locator("#p-11-3-0-40")
    card.wait_for(state="visible")
    assert page.url.endswith("#p-11-3-0-40")
    assert page.evaluate(
        "el => el.getBoundingClientRect().top < innerHeight", card.element_handle()
    )


def test_a_citation_shows_its_reference(chromium, page_file):
    page = opened(chromium, page_file)
    page.locator("main p .citation a").first.click()
    assert "J Made Up Med" in page.get_by_role("dialog", name="Reference").inner_text()


def test_without_script_a_number_is_a_link_to_its_card(chromium, page_file):
    page = opened(chromium, page_file, java_script_enabled=False)
    assert page.locator("button").count() == 0
    page.locator("main p a.figure").first.click()
    assert page.url.endswith("#p-11-3-0-40")
    assert page.locator("#p-11-3-0-40 blockquote").is_visible()


def column(page, number):
    cells = page.locator(f"table tbody tr:not([hidden]) td:nth-child({number})")
    return [text.split()[0] for text in cells.all_inner_texts()]


def test_tables_sort_by_number_and_by_word_and_back(chromium, page_file):
    page = opened(chromium, page_file)
    assert column(page, 3) == ["10", "9", "100", "2", "33"]
    by_count = page.get_by_role("button", name="Count")
    by_count.focus()
    page.keyboard.press("Enter")
    assert column(page, 3) == ["2", "9", "10", "33", "100"]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Count")
    by_count.click()
    assert column(page, 3) == ["100", "33", "10", "9", "2"]
    by_count.click()
    assert column(page, 3) == ["10", "9", "100", "2", "33"]
    page.get_by_role("button", name="Name").click()
    assert column(page, 1) == ["alpha", "beta", "delta", "epsilon", "gamma"]


def test_a_filter_hides_rows_and_says_how_many_are_left(chromium, page_file):
    page = opened(chromium, page_file)
    page.get_by_role("searchbox").fill("ta LONG")
    assert column(page, 1) == ["beta", "delta"]
    assert page.get_by_role("status").inner_text() == "2 of 5 rows"
    page.emulate_media(media="print")
    assert page.locator("table tbody tr:visible").count() == 5
    assert page.locator(".tools:visible, .contents:visible").count() == 0


def test_on_a_phone_a_caption_is_in_sight_and_a_wide_table_says_that_it_scrolls(
    chromium, page_file
):
    said = "e => [getComputedStyle(e, '::before').content, e.scrollWidth > e.clientWidth]"
    page = opened(chromium, page_file, "phone")
    hint, wider = page.locator(".scroll").first.evaluate(said)
    assert wider
    assert "Scroll sideways" in hint
    box = page.locator("caption").first.bounding_box()
    assert box["x"] + box["width"] <= SIZES["phone"][0]
    hint, wider = opened(chromium, page_file).locator(".scroll").first.evaluate(said)
    assert (hint, wider) == ("none", False)


def test_in_a_cell_the_number_of_a_reference_stands_beside_its_figure(chromium, page_file):
    page = opened(chromium, page_file, "phone")
    # Even where the column leaves no room for both.
    page.evaluate("document.querySelector('td a.figure').closest('td').style.width = '1px'")
    figure = page.locator("td a.figure").first.bounding_box()
    number = page.locator("td .citation a").first.bounding_box()
    assert number["x"] >= figure["x"] + figure["width"] - 1
    assert abs(number["y"] - figure["y"]) < figure["height"]
