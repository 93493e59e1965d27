"""Looks at the page of "show --html": its elements, and the pictures that a browser makes of it."""

import html.parser
import json
import sys

from PIL import Image

KEY, CERT, FREE, FILL = (0x2F, 0x6F, 0xDE), (0x12, 0x87, 0x6F), (0xE6, 0xEA, 0xF0), (0x8A, 0x5C, 0xD6)
LIGHT, DARK = (0xFF, 0xFF, 0xFF), (0x12, 0x16, 0x1D)

VOID = {"meta", "line"}
ALLOWED = {
    "html": {"lang"}, "head": set(), "meta": {"charset", "http-equiv", "content", "name"}, "title": set(),
    "style": set(), "body": set(), "header": set(), "main": set(), "section": {"class", "aria-label"},
    "h1": set(), "h2": set(), "h3": set(), "p": {"class"}, "div": {"class", "title"}, "b": set(),
    "span": {"class", "role", "aria-label"}, "i": {"style"}, "svg": {"class", "viewbox", "preserveaspectratio",
    "aria-hidden"}, "line": {"x1", "y1", "x2", "y2"}, "article": set(), "dl": set(), "dt": set(), "dd": set(),
    "table": set(), "thead": set(), "tbody": set(), "tr": set(), "th": {"scope"}, "td": {"data-name", "class"},
}


def check(ok, what):
    if not ok:
        sys.exit("page: " + what)


class Page(html.parser.HTMLParser):
    """Elements and attributes that we write, closed in order; nothing else."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.style = [], [], []

    def handle_starttag(self, tag, attrs):
        check(tag in ALLOWED, "element <%s>" % tag)
        for name, value in attrs:
            check(name in ALLOWED[tag], "attribute %s of <%s>" % (name, tag))
            check(name != "style" or value.startswith("width:"), "style %s" % value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag not in VOID:
            check(self.open and self.open.pop() == tag, "</%s> out of order" % tag)

    def handle_data(self, data):
        (self.style if self.open and self.open[-1] == "style" else self.text).append(data)


def elements(path, words):
    source = open(path, encoding="utf-8").read()
    page = Page()
    page.feed(source)
    page.close()
    check(not page.open, "not closed: %s" % page.open)
    check("default-src 'none'" in source, "no content security policy")
    style = "".join(page.style)
    for bad in ("url(", "@import", "expression("):
        check(bad not in style, "%s in the style" % bad)
    text = " ".join("".join(page.text).split())
    for word in words:
        check(word in text, "no text %r" % word)


def runs(line, colour):
    """Pixels of a colour in a row or column, as (begin, length)."""
    found, begin = [], None
    for at, pixel in enumerate(line + [None]):
        if pixel == colour and begin is None:
            begin = at
        elif pixel != colour and begin is not None:
            found.append((begin, at - begin))
            begin = None
    return found


def picture(path, shown):
    """Slots, lines between pairs and bars are where they should be, and as long."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    check(image.getpixel((2, 2)) == LIGHT, "not light")
    column = [image.getpixel((24, y)) for y in range(height)]
    slots = json.load(open(shown, encoding="utf-8"))["slots"]
    keys = [s for s in slots if s["key"] != "none"]
    boxes = [r for r in runs(column, KEY) if r[1] > 20]
    check(len(boxes) == len(keys), "%d keys drawn, not %d" % (len(boxes), len(keys)))
    free = [r for r in runs(column, FREE) if r[1] > 20]
    check(len(free) == len(slots) - len(keys), "%d free slots drawn" % len(free))
    check(boxes[-1][0] < free[0][0] < height, "order of the slots")
    for begin, length in boxes:
        row = [image.getpixel((x, begin + length // 2)) for x in range(width)]
        blue, green = runs(row, KEY), runs(row, CERT)
        check(blue and green, "key without its certificate")
        key_end = blue[-1][0] + blue[-1][1]
        check(green[0][0] - key_end <= 2, "no line from the key")
        check(green[-1][0] + green[-1][1] > width * 3 // 4, "no box for the certificate")
    # The first bars are those of the room that certificates have; rounded ends cost a few pixels.
    room = [o for o in json.load(open(shown, encoding="utf-8"))["objects"] if o["kind"] == "certificate"]
    used = sum(o["used"] for o in room if o["bytes"].strip("0"))
    share = used / sum(o["max"] for o in room)
    for y in range(height):
        fill = runs([image.getpixel((x, y)) for x in range(width)], FILL)
        if fill and fill[0][1] > 4:
            y += 3
            row = [image.getpixel((x, y)) for x in range(width)]
            begin, length = runs(row, FILL)[0]
            rest = next(r for r in runs(row, FREE) if r[0] >= begin + length)
            drawn = length / (length + rest[1])
            check(abs(drawn - share) < 0.03, "a bar of %.2f, not %.2f" % (drawn, share))
            return
    check(False, "no bars")


def small(path):
    """Dark, and as wide as the screen is: the margin at the right is free."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    margin = {image.getpixel((x, y)) for x in range(width - 8, width) for y in range(0, height, 3)}
    check(margin == {DARK}, "in the margin: %s" % margin)
    blue = [y for y in range(height) if image.getpixel((24, y)) == KEY]
    check(len(blue) > 20, "no keys on the small screen")


if __name__ == "__main__":
    {"elements": lambda a: elements(a[0], a[1:]), "picture": lambda a: picture(*a),
     "small": lambda a: small(*a)}[sys.argv[1]](sys.argv[2:])
