from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tui_assistant.lab.picture import Spot, svg

SVG = "{http://www.w3.org/2000/svg}"


def spot(wait: float, errors: int, label: str = "a", *, front: bool = False) -> Spot:
    return Spot(wait, errors, label, f"{label}: {errors} errors, {wait:.0f} ms", front)


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def dots(root: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in root.iter(f"{SVG}circle")]


def texts(root: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def test_it_is_a_titled_and_described_image() -> None:
    root = parsed(svg("Errors", "2 recordings", [spot(500, 3, front=True), spot(600, 4, "b")], "one is left out"))
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    ids = {each.attrib["id"]: each.text or "" for each in root if "id" in each.attrib}
    assert root.attrib["aria-labelledby"].split() == list(ids) == ["title", "desc"]
    assert ids["title"] == "Errors"
    assert "at 2 points" in ids["desc"]
    assert "a: 3 errors, 500 ms" in ids["desc"]
    assert "one is left out" in ids["desc"]


def test_dots_lie_where_their_values_are() -> None:
    # x from 400 to 600 on 70..770 and y from 0 to 5 on 458..64
    root = parsed(svg("", "", [spot(400, 0, "a"), spot(500, 2, "b"), spot(600, 4, "c")]))
    a, b, c = sorted(dots(root))
    assert a[0] < b[0] < c[0]
    assert b[0] - a[0] == c[0] - b[0]
    assert a[1] > b[1] > c[1]
    assert abs((a[1] - b[1]) - (b[1] - c[1])) < 0.2
    labels = [each for each in texts(root) if each in "abc" and each]
    assert sorted(labels) == ["a", "b", "c"]


def test_the_front_is_drawn_as_stairs() -> None:
    root = parsed(svg("", "", [spot(400, 4, front=True), spot(600, 1, front=True), spot(500, 9)]))
    (path,) = [each.attrib["d"] for each in root.iter(f"{SVG}path")]
    (first, second) = sorted(dots(root))[0], sorted(dots(root))[2]
    assert path == f"M{first[0]:.1f} {first[1]:.1f}H{second[0]:.1f}V{second[1]:.1f}"


def test_points_that_fall_together_are_one_dot_that_names_all() -> None:
    root = parsed(svg("", "", [spot(400, 4, "0.3"), spot(400, 4, "0.4")]))
    assert len(dots(root)) == 1
    assert "0.3 +1" in texts(root)
    (title,) = [each.text for each in root.iter(f"{SVG}title") if "errors, " in (each.text or "")]
    assert title == "0.3: 4 errors, 400 ms; 0.4: 4 errors, 400 ms"


def test_without_points_there_is_still_a_picture() -> None:
    assert dots(parsed(svg("nothing", "", []))) == []


@given(st.text(), st.text(), st.text())
def test_any_text_is_only_text(title: str, subtitle: str, label: str) -> None:
    root = parsed(svg(title, subtitle, [spot(1, 1, label)], title))
    assert {each.tag for each in root.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "title", "desc", "rect", "g", "text", "line", "circle", "path")
    }


def test_markup_and_what_xml_cannot_say_are_made_harmless() -> None:
    text = svg('<script>"&\x00\x1b\ud800\uffff]]>', "", [])
    assert "<script" not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\uffff]", text)
    assert parsed(text)[0].text == '<script>"&����]]>'
    text.encode("utf-8")


@given(st.lists(st.tuples(st.floats(-1e4, 1e5), st.integers(0, 10**6)), max_size=40))
def test_every_dot_is_inside_the_plot(places: list[tuple[float, int]]) -> None:
    root = parsed(svg("", "", [spot(wait, errors) for wait, errors in places]))
    assert all(70 <= x <= 770 and 64 <= y <= 458 for x, y in dots(root))
