"""The page of a running local cloud, used as a member uses it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.until import ANSWER_S, SOON_S

SMALL = "size: 512x512 steps: 4"
ANSWER_MS = ANSWER_S * 1000  # a GPU worker may have to start first
expect.set_options(timeout=SOON_S * 1000)


@dataclass(frozen=True)
class Played:
    """The page as one member after the other."""

    page: Page

    def as_member(self, name: str) -> None:
        """Go on as another member, and wait until the page is theirs."""
        self.page.get_by_role("radio", name=name).check()
        expect(self.page.locator(f"body[data-member={name.lower()}]")).to_be_visible()

    def in_channel(self, name: str) -> None:
        """Go to another channel."""
        self.page.get_by_role("link", name=name).click()
        expect(self.page.locator("#channel-name")).to_have_text(name)

    def type(self, line: str) -> None:
        """Type a whole command into the message box and send it."""
        self.page.get_by_role("combobox", name="Message ").focus()
        self.page.keyboard.insert_text(line)
        self.page.keyboard.press("Enter")

    def serve(self, prompt: str, options: str = SMALL) -> Locator:
        """Ask for a picture; return the message with the answer, whatever it becomes."""
        self.type(f"/serve prompt: {prompt} {options}")
        message = self.message(prompt)
        expect(message).to_be_visible(timeout=ANSWER_MS)
        return message

    def message(self, words: str) -> Locator:
        """Return the newest message with these words that everybody sees."""
        return self.page.locator(".message[data-id]:not(.ephemeral)", has_text=words).last

    def private(self) -> Locator:
        """Return the newest message that only this member sees."""
        return self.page.locator(".message.ephemeral").last


def button(message: Locator, action: str) -> Locator:
    """Return a button or a menu of a message by what it does."""
    return message.locator(f'[data-custom-id^="{action}:"]').first


def painted(message: Locator) -> Locator:
    """Wait until a message shows its finished pictures, and return them."""
    expect(button(message, "again")).to_be_visible(timeout=ANSWER_MS)
    pictures = message.locator(".gallery img")
    expect(pictures.first).to_be_visible()
    assert pictures.first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    return pictures
