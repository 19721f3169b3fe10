"""What a visitor does on the page, and where to look for what came of it."""

import base64
import io
from collections.abc import Sequence

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.pictures import encode, photo_like

# Where files are dropped or pasted they come in one of these, which only a script can fill.
_TRANSFER = """(files) => files.reduce((transfer, {name, type, content}) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
    return transfer;
}, new DataTransfer())"""


def photo(name: str, seed: int = 0, size: tuple[int, int] = (240, 320)) -> FilePayload:
    """A JPEG of (height, width)."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": encode(photo_like(*size, seed), "JPEG")}


def broken(name: str) -> FilePayload:
    """A JPEG whose end is missing."""
    whole = photo(name)
    return {**whole, "buffer": whole["buffer"][: len(whole["buffer"]) // 2]}


def turned(name: str, upright: Image.Image) -> FilePayload:
    """A JPEG that is stored lying on its side, with an EXIF orientation that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    stored = encode(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)
    return {"name": name, "mimeType": "image/jpeg", "buffer": stored}


def ready(page: Page) -> Page:
    """Wait until the page knows what the service has."""
    expect(page.locator("tbody tr").first).to_be_visible()
    return page


def choose(page: Page, *files: FilePayload) -> None:
    """Choose files in the dialog."""
    page.get_by_label("Choose photos").set_input_files(list(files))


def drop(page: Page, *files: FilePayload) -> None:
    """Drop files, beside the mark: the whole page takes them."""
    transfer = page.evaluate_handle(_TRANSFER, _sent(files))
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("h1", event, {"dataTransfer": transfer})


def paste(page: Page, *files: FilePayload) -> None:
    """Paste files."""
    transfer = page.evaluate_handle(_TRANSFER, _sent(files))
    page.evaluate(
        "(clipboardData) => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}))",
        transfer,
    )


def _sent(files: Sequence[FilePayload]) -> list[dict[str, str]]:
    return [
        {"name": one["name"], "type": one["mimeType"], "content": base64.b64encode(one["buffer"]).decode()}
        for one in files
    ]


def card(page: Page, name: str) -> Locator:
    """The card of the photo of that name."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


def becomes(found: Locator, state: str) -> None:
    """Wait until a card is in that state."""
    expect(found).to_have_attribute("data-state", state)


def labels(found: Locator) -> list[str]:
    """The labels that a card or column shows, best first."""
    return found.locator(".label").all_inner_texts()


def picture(found: Locator) -> Image.Image:
    """The picture that a card shows; what was made smaller is what was sent."""
    address = found.locator("img").evaluate(
        """(image) => {
            const canvas = document.createElement("canvas");
            canvas.width = image.naturalWidth;
            canvas.height = image.naturalHeight;
            canvas.getContext("2d").drawImage(image, 0, 0);
            return canvas.toDataURL("image/png");
        }"""
    )
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
