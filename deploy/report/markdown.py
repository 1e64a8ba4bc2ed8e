"""People's Markdown: as HTML for the page, and as the text that its readers see."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAG: Final = re.compile(r"<[^<>]*>").sub
_LINK_ATTRIBUTES: Final = ("href", "title")


def markdown_to_html(written: str) -> str:
    """The text as HTML. Raw HTML in it is shown as text, links are kept, pictures are not."""
    return str(_parser().render(written))


def visible_texts(written: str) -> tuple[str, str]:
    """What a reader sees: without markup, with entities decoded, and with the addresses and titles of links.

    The first is as on the page. The second has no HTML tags, because other programs that show the Markdown of the
    report hide them.
    """
    shown = "\n".join(_shown(_parser().parse(written)))
    return shown, _TAG("", shown)


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "heading", "lheading"])


def _shown(blocks: Sequence[Token]) -> Iterator[str]:
    for block in blocks:
        inline = block.children
        yield block.content if inline is None else "".join(_inline_text(token) for token in inline)
        for token in inline or ():
            yield from (unquote(str(token.attrs[name])) for name in _LINK_ATTRIBUTES if name in token.attrs)


def _inline_text(token: Token) -> str:
    return "\n" if token.type in ("softbreak", "hardbreak") else token.content
