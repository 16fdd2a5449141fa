"""The verbs of what a release is made of: images, and the frontend's bundle."""

import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.options import Stack, target_of
from rehearsal.stack_file import ROOT

app = typer.Typer()

References = Annotated[list[str], typer.Argument(help="REPOSITORY@sha256:DIGEST, of ECR.")]


@app.command()
def images(
    stack: Stack,
    app_folder: Annotated[str, typer.Option("--app", help="Folder of the app's Dockerfile.")],
) -> None:
    """Build and push what is not in the registry yet, and print each digest as an output."""
    from pipeline.build import built
    from pipeline.image import Image
    from pipeline.registry import Registry

    known = target_of(stack)
    beside = Image.of(known.nginx)
    find = Registry(beside).digest
    folders = {"app": app_folder, "nginx": "images/nginx", "pgbouncer": "images/pgbouncer"}
    for name, folder in folders.items():
        image = built(beside.beside(name), folder, beside, known.platform, find, ROOT)
        print(f"{name}={image.reference}", flush=True)


@app.command()
def scan(references: References) -> None:
    """Wait for ECR's scan of each image; a critical vulnerability fails."""
    from pipeline.image import Image
    from pipeline.registry import Registry
    from pipeline.scan import verdict

    for image in map(Image.of, references):
        print(verdict(image, Registry(image).findings, time.sleep), flush=True)


@app.command()
def rescan(stack: Stack) -> None:
    """The same of the images that the stack runs: our own two, and the app's newest."""
    from pipeline.image import Image
    from pipeline.registry import Registry

    known = target_of(stack)
    beside = Image.of(known.nginx)
    repository = beside.beside("app")
    digest = Registry(beside).newest(repository)
    newest = [f"{beside.registry}/{repository}@{digest}"] if digest else []
    scan([known.nginx, known.pgbouncer, *newest])


@app.command()
def pin(references: References) -> None:
    """Write the digests of our own images into every stack file."""
    from pipeline.pins import changed

    for path, text in changed(ROOT, references).items():
        path.write_text(text)
        print(f"{path.name} has new digests; commit it, and its preview shows what they change")


@app.command()
def unpinned(references: References) -> None:
    """Say which stack files name other digests of our own images, and how to change that."""
    from pipeline.pins import changed

    files = [path.name for path in changed(ROOT, references)]
    if files:
        print(
            f"{', '.join(files)} name other images than this run has built. To bring them along:\n"
        )
        print(f"    .venv/bin/python -m pipeline pin {' '.join(references)}\n")
        print("and a pull request, whose preview shows what they change.")


@app.command()
def frontend(
    stack: Stack,
    folder: Annotated[Path, typer.Argument(help="What the frontend's build wrote.")],
    release: Annotated[str, typer.Option(help="Whose page it is.")],
) -> None:
    """Add a bundle to the environment's bucket, and print its page's key as an output."""
    from pipeline.bundle import upload
    from pipeline.frontend_bucket import FrontendBucket

    bucket = FrontendBucket.of(stack, target_of(stack).region)
    print(f"page={upload(folder, release, bucket)}")
