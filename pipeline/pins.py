"""The digests of our own images in the stack files, by which they are promoted."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.image import Image


def changed(root: Path, references: Sequence[str]) -> Mapping[Path, str]:
    """Stack file -> its text with the digests of these images, where that is another text."""
    images = [Image.of(reference) for reference in references]
    found: dict[Path, str] = {}
    for path in sorted(root.glob("Pulumi.*.yaml")):
        before = text = path.read_text()
        for image in images:
            text = pinned(text, image)
        if text != before:
            found[path] = text
    return found


def pinned(text: str, image: Image) -> str:
    """The text, in which the image's repository has the image's digest wherever it is named."""
    name = f"{image.registry}/{image.repository}@"
    head, *rest = text.split(name)
    return head + "".join(f"{name}{image.digest}{part[len(image.digest) :]}" for part in rest)
