"""The links in a message's text that it is to show previews of.

Not those in code, in spoilers, or between `<` and `>`, by which writers say that they want none. A link of Markdown,
`[text](https://…)`, counts as any other.
"""

import re
from typing import Final

MAX_LINKS: Final = 5
"""The previews of a message, as on Discord."""

_HIDING: Final = ("```", "``", "`", "||")
"""The marks around what is not looked at: the longest first, as each begins with the next."""
_WITHOUT_PREVIEW: Final = re.compile(r"<https?://[^\s<>]+>", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_AFTER: Final = ".,:;!?\"'*_~|\\"
"""Marks that end a sentence, or are Markdown's, and are no end of a link."""
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}


def may_have_links(content: str) -> bool:
    """Tell quickly whether a text can have links."""
    return "://" in content


def find_links(content: str) -> list[str]:
    """Return the links of a text in their order, each once, `MAX_LINKS` at most."""
    if not may_have_links(content):
        return []
    text = content
    for mark in _HIDING:
        text = _take_outside(text, mark)
    found = (_trim(link) for link in _LINK.findall(_WITHOUT_PREVIEW.sub(" ", text)))
    return list(dict.fromkeys(link for link in found if link.partition("://")[2]))[:MAX_LINKS]


def _take_outside(text: str, mark: str) -> str:
    """Return what is outside of pairs of a mark. A last mark without another one hides nothing."""
    parts = text.split(mark)
    closed = (len(parts) - 1) // 2 * 2
    outside = " ".join(parts[: closed + 1 : 2])
    return outside if closed + 1 == len(parts) else f"{outside}{mark}{parts[-1]}"


def _trim(link: str) -> str:
    """Take off what stands behind a link: marks, and brackets that close what was opened before it."""
    surplus = {closing: link.count(closing) - link.count(opening) for closing, opening in _BRACKETS.items()}
    end = len(link)
    while end:
        last = link[end - 1]
        if last not in _AFTER and surplus.get(last, 0) <= 0:
            break
        if last in surplus:
            surplus[last] -= 1
        end -= 1
    return link[:end]
