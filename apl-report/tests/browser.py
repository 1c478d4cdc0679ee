"""Drives a page of `apl report` in a real browser and says what is wrong with it.

    python browser.py PAGE CHROMIUM FOLDER

PAGE is the HTML file, CHROMIUM the browser's program, FOLDER where screenshots go. Needs playwright and axe-playwright-python; `browser.rs` installs both.
Exits with 1 and a line for each thing that is wrong.
"""

import pathlib
import sys

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

page_file, chromium, folder = (pathlib.Path(argument) for argument in sys.argv[1:4])
address = page_file.resolve().as_uri()
wrong: list[str] = []
# Milliseconds: a large page on a busy machine.
PATIENCE = 180_000


def check(holds: bool, what: str) -> None:
    if not holds:
        wrong.append(what)


def open_page(browser, **settings):
    """A page that notes every request, message and error of its own."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, **settings).new_page()
    page.on("request", lambda request: check(request.url == address, f"request: {request.url}"))
    page.on("console", lambda message: check(False, f"console: {message.text}"))
    page.on("pageerror", lambda error: check(False, f"error: {error}"))
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    return page


def accessible(page, what: str) -> None:
    # The policy of the page keeps foreign scripts out, so axe comes in through the debugger.
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] in ("serious", "critical"):
            places = [node["target"] for node in violation["nodes"][:3]]
            wrong.append(f"axe, {what}: {violation['id']} ({violation['help']}) at {places}")


def browse_units(page) -> None:
    section = page.locator("#browse")
    check(section.is_visible(), "the browser of units is hidden")
    unit, value, curve = (page.locator(f"#browse-{name}") for name in ("unit", "value", "curve"))
    first = unit.text_content()
    page.get_by_role("button", name="Next unit").click()
    check(unit.text_content() != first, "the next unit is the same")
    page.get_by_role("button", name="Unit before").click()
    check(unit.text_content() == first, "the unit before is another one")
    lines = page.locator("#browse-numbers tr").count()
    check(lines > 0, "the unit has no numbers")
    check(curve.locator("path.before").count() == 1, "the initial curve is not drawn")
    check(curve.locator("path.after").count() == 1, "the learned curve is not drawn")
    layers = page.get_by_role("combobox", name="Layer")
    layers.select_option(index=layers.locator("option").count() - 1)
    check(unit.text_content() != first, "another layer shows the same unit")
    curve.hover()
    check("x = " in value.text_content(), "pointing at the curve tells no value")
    page.mouse.move(0, 0)
    check("x = " not in value.text_content(), "the value stays when the pointer is gone")
    curve.focus()
    page.keyboard.press("ArrowRight")
    one = value.text_content()
    page.keyboard.press("ArrowRight")
    check("x = " in one and value.text_content() != one, "arrow keys do not move along the curve")
    unit_choice = page.get_by_role("slider", name="Unit")
    unit_choice.focus()
    page.keyboard.press("End")
    check("shown here" in unit.text_content(), "the slider does not follow the keyboard")


def photograph(page, name: str) -> None:
    """The parts of a page that a person should look at, as PNG."""
    for part in ("summary", "tables", "hinges", "browser"):
        if page.locator(f"#{part}").count():
            page.evaluate("part => document.getElementById(part).scrollIntoView()", part)
            page.screenshot(path=folder / f"{name}-{part}.png", timeout=PATIENCE)


def background(page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
    light = open_page(browser, color_scheme="light")
    browse_units(light)
    accessible(light, "light")
    photograph(light, "light")
    for detail in light.locator("details").all():
        detail.evaluate("element => { element.open = true }")
    accessible(light, "all details open")
    width = light.evaluate("document.documentElement.scrollWidth - innerWidth")
    check(width <= 0, f"{width} pixels too wide at 1280")
    light.set_viewport_size({"width": 360, "height": 800})
    width = light.evaluate("document.documentElement.scrollWidth - innerWidth")
    check(width <= 0, f"{width} pixels too wide at 360")
    photograph(light, "narrow")
    light.pdf(path=folder / "print.pdf")

    dark = open_page(browser, color_scheme="dark")
    check(background(dark) != background(light), "dark is as light as light")
    accessible(dark, "dark")
    photograph(dark, "dark")

    still = open_page(browser, java_script_enabled=False)
    check(not still.locator("#browse").is_visible(), "the browser of units shows without scripts")
    check(still.locator("svg.panel").first.is_visible(), "no figure without scripts")
    check(still.locator("table").first.is_visible(), "no table without scripts")
    browser.close()

print("\n".join(wrong) or "nothing wrong")
sys.exit(1 if wrong else 0)
