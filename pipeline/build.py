"""Images, each built once for each content of its folder, and named by digest ever after."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.image import Image

# Images with such a tag are kept for ever (bootstrap/images.py).
BUILT = "tree-"

Find = Callable[[str, str], str | None]
"""The digest that a repository has under a tag; None when it has none."""


def built(
    repository: str, folder: str, beside: Image, platform: str, find: Find, root: Path
) -> Image:
    """The image of a folder in a repository of `beside`'s registry; built and pushed if need be.

    Its tag is BUILT and the hash that git has for the folder: the same content is the same image,
    whatever commit it comes with. PipelineError when git does not know the folder, or the build
    fails.
    """
    tag = BUILT + _run(["git", "rev-parse", "--verify", f"HEAD:{folder}"], root).strip()
    digest = find(repository, tag)
    if digest is None:
        digest = _pushed(f"{beside.registry}/{repository}:{tag}", folder, platform, root)
    return Image.of(f"{beside.registry}/{repository}@{digest}")


def _pushed(name: str, folder: str, platform: str, root: Path) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        metadata = Path(scratch) / "metadata.json"
        # Without an attestation beside it the digest is the image's own, which ECR can scan.
        command = ["docker", "buildx", "build", "--platform", platform, "--provenance=false"]
        _run([*command, "--push", "--tag", name, "--metadata-file", str(metadata), folder], root)
        described: Mapping[str, str] = json.loads(metadata.read_text())
    return described["containerimage.digest"]


def _run(command: list[str], root: Path) -> str:
    """Standard output; what else the command says goes to the log as it comes."""
    try:
        done = subprocess.run(  # noqa: S603 (git and docker, with names of our own)
            command, cwd=root, stdout=subprocess.PIPE, text=True, check=False
        )
    except OSError as error:
        raise PipelineError(f"{command[0]} can't be run: {error.strerror}") from None
    if done.returncode:
        raise PipelineError(
            f"`{' '.join(command)}` ended with code {done.returncode}; the lines above say why"
        )
    return done.stdout
