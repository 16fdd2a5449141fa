"""What the workflows run of our own says what it must, and fails closed."""

import http.client
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from costs.estimate import Estimate, Line
from pipeline import allowances, build, bundle, comment, github, issue, pins, plan_page, scan, smoke
from pipeline import summary as summaries
from pipeline.cli import main
from pipeline.errors import PipelineError
from pipeline.frontend_bucket import FrontendBucket
from pipeline.image import Image
from pipeline.registry import Registry
from pipeline.target import Target
from rehearsal.stack_file import ROOT, stack_config, stack_names

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32
APP = f"{REGISTRY}/slipway/app@{DIGEST}"
NGINX = f"{REGISTRY}/slipway/nginx@{DIGEST}"
TARGET_CONFIG = {
    "slipway:aws": '{"account_id": "123456789012", "region": "eu-west-1"}',
    "slipway:domain": '{"name": "staging.example.com"}',
    "slipway:nginx": json.dumps({"image": f"210987654321{NGINX[12:]}"}),
    "slipway:pgbouncer": json.dumps({"image": NGINX.replace("nginx", "pgbouncer")}),
    "slipway:service": '{"architecture": "ARM64"}',
}


def never(_: float) -> None:
    raise AssertionError("nothing was to be waited for")


# ---- images ----


def test_an_image_is_taken_apart_and_put_together() -> None:
    image = Image.of(NGINX)
    assert (image.account_id, image.region) == ("123456789012", "eu-west-1")
    assert (image.repository, image.digest) == ("slipway/nginx", DIGEST)
    assert (image.beside("app"), image.reference) == ("slipway/app", NGINX)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "nginx",
        NGINX.replace("@sha256:", ":"),
        NGINX[:-1],
        f"{NGINX}0",
        f"{NGINX}\n",
        NGINX.replace(".ecr.", ".ecs."),
        NGINX.replace("123456789012", "12345678901"),
        NGINX.replace("slipway/", "../"),
        f"docker.io/library/nginx@{DIGEST}",
    ],
)
def test_what_is_no_image_by_digest_is_refused(reference: str) -> None:
    with pytest.raises(PipelineError, match="no image of ECR by its digest"):
        Image.of(reference)


# ---- target ----


def test_a_target_is_what_the_stack_file_says() -> None:
    assert Target.of("staging", TARGET_CONFIG).lines() == [
        "stack=staging",
        "region=eu-west-1",
        "url=https://staging.example.com",
        "platform=linux/arm64",
        "runner=ubuntu-24.04-arm",
        "registry=210987654321.dkr.ecr.eu-west-1.amazonaws.com",
        f"nginx=210987654321{NGINX[12:]}",
        f"pgbouncer={NGINX.replace('nginx', 'pgbouncer')}",
        "preview_role=arn:aws:iam::123456789012:role/slipway-staging-preview",
        "drift_role=arn:aws:iam::123456789012:role/slipway-staging-drift",
        "deploy_role=arn:aws:iam::123456789012:role/slipway-staging-deploy",
        "cutover_role=arn:aws:iam::123456789012:role/slipway-staging-cutover",
        "images_role=arn:aws:iam::210987654321:role/slipway-images",
    ]


@pytest.mark.parametrize("stack", stack_names())
def test_each_stack_of_this_repository_is_a_target(stack: str) -> None:
    assert len(Target.of(stack, stack_config(stack)).lines()) == 13


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("slipway:aws", '{"account_id": 123456789012, "region": "eu-west-1"}', "aws/account_id"),
        ("slipway:aws", '{"account_id": "123456789012"}', "aws/region"),
        ("slipway:aws", '{"account_id": "1", "region": "eu-west-1\\nx=y"}', "aws/region"),
        ("slipway:domain", "no JSON", "domain/name"),
        ("slipway:domain", "[]", "domain/name"),
        ("slipway:service", '{"architecture": "arm"}', "must be one of ARM64, X86_64"),
    ],
)
def test_a_stack_file_that_names_no_target_is_refused(key: str, value: str, sentence: str) -> None:
    with pytest.raises(PipelineError, match=sentence):
        Target.of("staging", TARGET_CONFIG | {key: value})


# ---- allowances ----


def pull(labels: list[str], body: str | None) -> dict[str, Any]:
    return {"labels": [{"name": name} for name in labels], "body": body}


def test_labels_and_a_reason_are_the_guards_options() -> None:
    pulls = [
        pull(
            ["allow edge:prod-https", "bug", "allow data:prod-db"], "What.\nReason: a new name \n"
        ),
        pull(["allow edge:prod-https"], "reason: again"),
    ]
    assert allowances.arguments(pulls) == [
        *("--allow", "data:prod-db", "--allow", "edge:prod-https"),
        *("--reason", "a new name; again"),
    ]


@pytest.mark.parametrize(
    ("labels", "body", "options"),
    [
        ([], "Reason: I may", []),
        (["allowed", "disallow x:y"], "Reason: I may", []),
        (["allow x:y"], None, ["--allow", "x:y"]),
        (["allow x:y"], "There is no Reason: here\nReason:\n", ["--allow", "x:y"]),
        (["allow --help"], "Reason: --help", ["--allow", "--help", "--reason", "--help"]),
    ],
)
def test_nothing_is_allowed_without_both(
    labels: list[str], body: str | None, options: list[str]
) -> None:
    assert allowances.arguments([pull(labels, body)]) == options


# ---- gh ----


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program in `gh`'s place, a script; its arguments and input go to a file."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def make(script: str) -> Path:
        log = tmp_path / "log"
        path = tmp_path / "gh"
        path.write_text(f'#!/bin/sh\necho "$*" >> {log}\n{script}\n')
        path.chmod(0o755)
        return log

    return make


def test_a_pull_request_is_asked_for_by_number_or_by_commit(gh: Callable[[str], Path]) -> None:
    log = gh(
        'case "$2" in repos/o/r/pulls/7) echo \'{"number": 7}\';; '
        'repos/o/r/commits/abc/pulls) echo \'[{"number": 8, "merged_at": "then"}, '
        '{"number": 9, "merged_at": null}]\';; *) exit 1;; esac'
    )
    assert github.pull_requests("o/r", number="7", commit="abc") == [{"number": 7}]
    assert [one["number"] for one in github.pull_requests("o/r", number="", commit="abc")] == [8]
    assert log.read_text() == "api repos/o/r/pulls/7\napi repos/o/r/commits/abc/pulls\n"


def test_what_github_does_not_answer_allows_nothing(gh: Callable[[str], Path]) -> None:
    gh("echo 'HTTP 502' >&2; exit 1")
    with pytest.raises(PipelineError, match="gh api repos/o/r/pulls/7 failed: HTTP 502"):
        github.pull_requests("o/r", number="7", commit="abc")


def test_the_guard_is_given_what_the_pull_request_allows(
    gh: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_SHA", "abc")
    monkeypatch.setenv("PULL_REQUEST", "7")
    preview = str(ROOT / "tests" / "preview_samples" / "certificate.json")
    page = tmp_path / "page.md"
    words = ["guard", preview, "--stack", "staging", "--markdown", str(page)]

    def answered(labels: list[str], body: str) -> int:
        gh(f"echo '{json.dumps(pull(labels, body))}'")
        return main(words)

    assert answered(["bug"], "Reason: none") == 1
    assert "staging: refused, for 1 step\n" in capsys.readouterr().out
    assert page.read_text().startswith("## Plan of `staging`: refused")
    assert answered(["allow edge:web"], "Reason: a new domain") == 0
    assert "passes, with edge:web allowed, for: a new domain\n" in capsys.readouterr().out
    assert page.read_text().startswith("## Plan of `staging`: passes")
    assert answered(["allow edge:web"], "no reason") == 2
    assert answered(["allow edge:wep"], "Reason: a typing error") == 1
    gh("exit 1")
    assert main(words) == 1
    assert "gh api repos/o/r/pulls/7 failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "drifted", "all_previewed", "verbs"),
    [
        ("", False, True, []),
        ("", True, False, ["label create", "issue create"]),
        ("4", True, True, ["issue edit"]),
        ("4", False, True, ["issue close"]),
        ("4", False, False, []),
    ],
)
def test_one_issue_says_what_has_drifted(
    number: str, *, drifted: bool, all_previewed: bool, verbs: list[str]
) -> None:
    found = issue.commands(number, drifted=drifted, all_previewed=all_previewed)
    assert [" ".join(command[:2]) for command in found] == verbs


def test_the_issue_is_written_with_every_page(
    gh: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = gh('[ "$2" = list ] && echo 4 || cat')
    pages = tmp_path / "pages"
    (pages / "drift-prod").mkdir(parents=True)
    (pages / "drift-prod" / "prod.md").write_text("## prod differs\n")
    names = {"COMMIT": "0123456789abcdef", "RUN_URL": "https://run", "ALL_PREVIEWED": "false"}
    assert issue.main([str(pages)], names) == 0
    assert "## prod differs" in capsys.readouterr().out
    assert log.read_text().splitlines() == [
        "issue list --state open --label drift --json number --jq .[0].number // empty",
        "issue edit 4 --body-file -",
    ]
    gh("exit 4")
    assert issue.main([str(pages)], names) == 1
    assert "gh issue list failed: exit code 4" in capsys.readouterr().err


# ---- the comment ----


def test_a_comment_has_every_page_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("staging-2-preview", "prod-1-plan", "staging-1-plan"):
        folder = tmp_path / f"page-{name}"
        folder.mkdir()
        (folder / f"{name}.md").write_text(f"## {name}\n\n")
    assert comment.main([str(tmp_path)], {"COMMIT": "0123456789abcdef", "RUN_URL": "u"}) == 0
    assert capsys.readouterr().out == (
        "# What 0123456789ab would change\n\n## prod-1-plan\n\n## staging-1-plan\n\n"
        "## staging-2-preview\n\n[The jobs that say so](u)\n"
    )


def test_a_page_that_finds_no_room_is_named() -> None:
    pages = {"a": "small", "b": "x" * comment.MOST_CHARACTERS, "c": "small too"}
    said = comment.comment(pages, commit="1", run="u")
    assert len(said) < 65_536
    assert "small\n" in said
    assert "small too" in said
    assert "in the jobs' summaries: b\n" in said
    fits = "x" * (comment.MOST_CHARACTERS - len(comment.comment({}, commit="1", run="u")) - 1)
    assert "Too long" not in comment.comment({"a": fits}, commit="1", run="u")
    assert "Too long" in comment.comment({"a": f"{fits}x"}, commit="1", run="u")


# ---- scan ----


class Findings:
    """Answers page by page, as ECR would, and remembers what was asked."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self.pages, self.tokens = list(pages), list[str]()

    def __call__(self, image: Image, token: str) -> Mapping[str, Any]:
        assert image.reference == APP
        self.tokens.append(token)
        return self.pages.pop(0)


def scanned(status: str, counts: Mapping[str, int] | None = None, **more: Any) -> dict[str, Any]:
    findings = {"findingSeverityCounts": dict(counts or {}), **more.pop("found", {})}
    return {"imageScanStatus": {"status": status}, "imageScanFindings": findings, **more}


def test_a_scan_is_waited_for_and_counted() -> None:
    waited: list[float] = []
    ask = Findings(
        scanned("PENDING"), scanned("IN_PROGRESS"), scanned("COMPLETE", {"HIGH": 2, "LOW": 7})
    )
    assert scan.verdict(Image.of(APP), ask, waited.append) == f"{APP}: 2 high, 7 low"
    assert waited == [5.0, 5.0]
    clean = scan.verdict(Image.of(APP), Findings(scanned("ACTIVE")), never)
    assert clean == f"{APP}: nothing found"


def test_a_critical_vulnerability_stops_it_by_name() -> None:
    basic = [{"name": "CVE-1", "severity": "CRITICAL"}, {"name": "CVE-2", "severity": "HIGH"}]
    enhanced = [
        {"severity": "CRITICAL", "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-3"}},
        {"severity": "LOW", "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-4"}},
    ]
    ask = Findings(
        scanned("ACTIVE", {"CRITICAL": 2}, found={"enhancedFindings": enhanced}, nextToken="t"),
        scanned("ACTIVE", found={"findings": basic}),
    )
    with pytest.raises(PipelineError, match="2 critical vulnerabilities: CVE-1, CVE-3; rebuild"):
        scan.verdict(Image.of(APP), ask, never)
    assert ask.tokens == ["", "t"]


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED"])
def test_what_nobody_has_looked_at_does_not_pass(status: str) -> None:
    with pytest.raises(PipelineError, match=f"was not scanned: ECR says {status}"):
        scan.verdict(Image.of(APP), Findings(scanned(status)), never)


def test_a_scan_that_never_ends_does_not_pass() -> None:
    waited: list[float] = []
    with pytest.raises(PipelineError, match="ECR says PENDING"):
        scan.verdict(Image.of(APP), lambda *_: scanned("PENDING"), waited.append)
    assert sum(waited) == 600


# ---- registry ----


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.mark.usefixtures("_aws")
def test_the_registry_says_what_it_has() -> None:
    ecr = boto3.client("ecr", region_name="eu-west-1")
    ecr.create_repository(repositoryName="slipway/app")
    registry = Registry(Image.of(APP))
    assert registry.newest("slipway/app") is None
    assert registry.digest("slipway/app", "tree") is None
    put = {
        "repositoryName": "slipway/app",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }
    pushed = [
        ecr.put_image(**put, imageManifest=json.dumps({"n": tag}), imageTag=tag)["image"]["imageId"]
        for tag in ("tree", "sha256-abc.sig")
    ]
    assert registry.digest("slipway/app", "tree") == pushed[0]["imageDigest"]
    assert registry.newest("slipway/app") == pushed[0]["imageDigest"]


@pytest.mark.usefixtures("_aws")
def test_a_registry_that_does_not_answer_lets_nothing_pass() -> None:
    registry = Registry(Image.of(APP))
    with pytest.raises(PipelineError, match="does not say what slipway/app:tree is"):
        registry.digest("slipway/app", "tree")
    with pytest.raises(PipelineError, match=f"scan of {APP} found"):
        registry.findings(Image.of(APP), "")
    with pytest.raises(PipelineError, match="does not list the images of slipway/app"):
        registry.newest("slipway/app")


# ---- build ----


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, and a `docker` that writes what it was asked."""
    root = tmp_path / "clone"
    (root / "images" / "nginx").mkdir(parents=True)
    (root / "images" / "nginx" / "Dockerfile").write_text("FROM scratch\n")
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "Begin")):
        subprocess.run(["git", *words], cwd=root, check=True)
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/docker.log\n'
        'while [ "$1" != --metadata-file ]; do shift; done\n'
        f'echo \'{{"containerimage.digest": "{DIGEST}"}}\' > "$2"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return root


def tree_of(root: Path) -> str:
    words = ["git", "rev-parse", "HEAD:images/nginx"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
    return f"tree-{done.stdout.strip()}"


def test_a_folder_is_built_once_for_its_platform_and_named_by_its_content(clone: Path) -> None:
    asked: list[tuple[str, str]] = []

    def find(repository: str, tag: str) -> str | None:
        asked.append((repository, tag))
        return None

    beside = Image.of(APP)
    image = build.built("slipway/nginx", "images/nginx", beside, "linux/arm64", find, clone)
    assert image.reference == NGINX
    assert asked == [("slipway/nginx", tree_of(clone))]
    (line,) = (clone.parent / "docker.log").read_text().splitlines()
    name = f"{REGISTRY}/slipway/nginx:{tree_of(clone)}"
    assert line.startswith(
        "buildx build --platform linux/arm64 --provenance=false "
        f"--push --tag {name} --metadata-file "
    )
    assert line.endswith(" images/nginx")


def test_what_the_registry_has_is_not_built_again(clone: Path) -> None:
    beside = Image.of(APP)
    image = build.built(
        "slipway/nginx", "images/nginx", beside, "linux/arm64", lambda *_: OTHER, clone
    )
    assert image.digest == OTHER
    assert not (clone.parent / "docker.log").exists()


def test_a_build_that_fails_and_a_folder_that_is_none_are_told(clone: Path) -> None:
    (clone.parent / "bin" / "docker").write_text("#!/bin/sh\nexit 3\n")
    beside = Image.of(APP)
    with pytest.raises(PipelineError, match=r"docker buildx build .* ended with code 3"):
        build.built("slipway/nginx", "images/nginx", beside, "linux/arm64", lambda *_: None, clone)
    with pytest.raises(PipelineError, match=r"git rev-parse .*HEAD:images/none` ended with code"):
        build.built("slipway/none", "images/none", beside, "linux/arm64", lambda *_: None, clone)


# ---- pins ----


def test_a_digest_is_pinned_wherever_its_repository_is_named() -> None:
    text = f"a: {NGINX}\nb: {APP}\nc: {NGINX} # ours\n"
    new = NGINX.replace(DIGEST, OTHER)
    assert pins.pinned(text, Image.of(new)) == f"a: {new}\nb: {APP}\nc: {new} # ours\n"
    assert pins.pinned(text, Image.of(f"{REGISTRY}/slipway/none@{OTHER}")) == text


def test_the_stack_files_that_name_another_digest_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.artifacts.ROOT", tmp_path)
    new = NGINX.replace(DIGEST, OTHER)
    (tmp_path / "Pulumi.prod.yaml").write_text(f"image: {NGINX}\n")
    (tmp_path / "Pulumi.staging.yaml").write_text(f"image: {new}\n")
    assert main(["unpinned", new]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Pulumi.prod.yaml name other images than this run has built.")
    assert f"python -m pipeline pin {new}\n" in said
    assert (tmp_path / "Pulumi.prod.yaml").read_text() == f"image: {NGINX}\n"
    assert main(["pin", new]) == 0
    assert capsys.readouterr().out.startswith("Pulumi.prod.yaml has new digests")
    assert (tmp_path / "Pulumi.prod.yaml").read_text() == f"image: {new}\n"
    assert (main(["unpinned", new]), capsys.readouterr().out) == (0, "")


def test_the_stack_files_of_this_repository_can_be_pinned() -> None:
    images = [
        image.replace(image[-64:], "ef" * 32)
        for stack in stack_names()
        for target in [Target.of(stack, stack_config(stack))]
        for image in (target.nginx, target.pgbouncer)
    ]
    assert [path.name for path in pins.changed(ROOT, images)] == [
        f"Pulumi.{stack}.yaml" for stack in stack_names()
    ]


# ---- smoke ----

URL = "https://app.example.com"
HEALTH = {"status": "healthy", "database": "connected", "version": "7", "timestamp": "now"}
WELL = smoke.Answer(
    status=200,
    headers={"x-release-id": "7", "strict-transport-security": "max-age=1"},
    body=json.dumps(HEALTH).encode(),
)
SENT_ON = smoke.Answer(status=301, headers={"location": f"{URL}/health"}, body=b"")


def answering(health: smoke.Answer | Exception, plain: smoke.Answer | Exception) -> smoke.Get:
    def get(url: str) -> smoke.Answer:
        answer = {f"{URL}/health": health, "http://app.example.com/health": plain}[url]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return get


def test_a_release_that_holds_from_outside_is_looked_at_once() -> None:
    assert smoke.problems(URL, "7", answering(WELL, SENT_ON), never) == []


@pytest.mark.parametrize(
    ("health", "plain", "sentence"),
    [
        (OSError("timed out"), SENT_ON, "/health does not answer: timed out"),
        (http.client.BadStatusLine("x"), SENT_ON, "/health does not answer: x"),
        (smoke.Answer(status=503, headers={}, body=b""), SENT_ON, "answered 503, not 200"),
        (smoke.Answer(status=200, headers={}, body=b"<p>"), SENT_ON, "answered no JSON object"),
        (smoke.Answer(status=200, headers={}, body=b"7"), SENT_ON, "answered no JSON object"),
        (
            smoke.Answer(status=200, headers=WELL.headers, body=b'{"status": "", "version": ""}'),
            SENT_ON,
            "does not say database, timestamp",
        ),
        (
            smoke.Answer(status=200, headers={**WELL.headers, "x-release-id": "6"}, body=WELL.body),
            SENT_ON,
            "was answered by 6, not by 7",
        ),
        (
            smoke.Answer(status=200, headers={"x-release-id": "7"}, body=WELL.body),
            SENT_ON,
            "came without Strict-Transport-Security",
        ),
        (WELL, WELL, "answered 200 and does not send people to https"),
        (
            WELL,
            smoke.Answer(status=301, headers={"location": "http://x"}, body=b""),
            "answered 301 and does not send",
        ),
        (WELL, OSError(), "does not answer: OSError"),
    ],
)
def test_each_broken_promise_is_a_sentence_after_three_looks(
    health: smoke.Answer | Exception, plain: smoke.Answer | Exception, sentence: str
) -> None:
    waited: list[float] = []
    (found,) = smoke.problems(URL, "7", answering(health, plain), waited.append)
    assert sentence in found
    assert waited == [5.0, 5.0]


def test_one_lost_packet_is_no_reason_to_go_back() -> None:
    answers = [OSError("reset"), WELL]
    first: list[float] = []

    def get(url: str) -> smoke.Answer:
        if url.startswith("http://"):
            return SENT_ON
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert smoke.problems(URL, "7", get, first.append) == []
    assert first == [5.0]


# ---- pages ----


def test_the_summary_says_how_a_cutover_ended() -> None:
    answer = {
        "exit": 0,
        "sentence": "7 is live",
        "run": "r1",
        "weights": {"green": 100, "blue": 0},
        "releases": {"blue": "6", "green": "7"},
    }
    assert summaries.page(json.dumps(answer), "one\ntwo\n", stack="prod").splitlines() == [
        *("## Cutover of `prod`", "", "**7 is live** (code 0)", ""),
        *("| run | weights | releases |", "|---|---|---|"),
        "| r1 | blue 0, green 100 | blue 6, green 7 |",
        *(
            "",
            "<details><summary>The journal</summary>",
            "",
            "    one",
            "    two",
            "",
            "</details>",
        ),
    ]


def test_the_summary_of_a_job_that_was_cancelled_says_how_to_go_on() -> None:
    for answer in ("", "{", "[]", '{"exit": 0}'):
        said = summaries.page(answer, "", stack="prod")
        assert "There is no answer: the job ended first." in said, answer
        assert "\n    python -m cutover resume --stack prod\n" in said
    held = json.dumps({"exit": 4, "sentence": "held", "run": None, "weights": None})
    said = summaries.page(held, "", stack="prod")
    assert "**held** (code 4)" in said
    assert "docs/runbooks/cutover.md" in said
    assert "\n    python -m cutover rollback --stack prod\n" in said
    assert "journal</summary>" not in said


def estimate(**usd: str) -> Estimate:
    lines = tuple(
        Line(component=name, resource=name, key=name, quantity=Decimal(1), usd_each=Decimal(each))
        for name, each in usd.items()
    )
    return Estimate(environment="staging", as_of="2026-11-01", lines=lines)


def planned(*names: str) -> dict[str, Any]:
    resources = [{"urn": f"urn:pulumi:staging::slipway::t::{name}"} for name in names]
    return {"environment": "staging", "resources": resources, "guardrails": ["1 passed", "a <b>"]}


def test_the_page_of_a_plan_has_what_changes_and_what_it_costs() -> None:
    page = plan_page.page(
        planned("a", "b"), estimate(Nat="30", Redis="10.5"), planned("b", "c"), estimate(Nat="65")
    )
    assert page.splitlines() == [
        *("## `staging`, planned without an account", ""),
        "2 resources: 1 new, 1 gone.",
        *("", "    + staging::slipway::t::a", "    - staging::slipway::t::c", ""),
        *("", "    1 passed", "    a <b>", ""),
        "**US$ 40.50 a month** at the list prices of 2026-11-01, without tax",
        "(-24.50).",
        *("", "| component | US$ a month | difference |", "|---|---:|---:|"),
        "| Nat | 30.00 | -35.00 |",
        "| Redis | 10.50 | +10.50 |",
    ]


def test_the_page_of_a_new_stack_compares_with_nothing() -> None:
    page = plan_page.page(planned("a"), estimate(Nat="30"), None, None)
    assert "1 resources; there is no plan to compare with.\n" in page
    assert "difference" not in page
    same = plan_page.page(planned("a"), estimate(Nat="30"), planned("a"), estimate(Nat="30"))
    assert "0 new, 0 gone.\n" in same
    assert "(+0.00).\n" in same
    assert "difference" not in same


# ---- the frontend ----


@pytest.mark.usefixtures("_aws")
def test_a_bundle_is_added_beside_what_is_there(tmp_path: Path) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="pages", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="pages", Key="assets/app-1.js", Body=b"first")
    (tmp_path / "assets").mkdir()
    for name in ("app-1.js", "app-2.css", "font-3"):
        (tmp_path / "assets" / name).write_text("second")
    (tmp_path / "index.html").write_text("page")
    bucket = FrontendBucket("pages", "eu-west-1")
    assert bundle.upload(tmp_path, "7", bucket) == "releases/7/index.html"
    found = {
        one["Key"]: s3.get_object(Bucket="pages", Key=one["Key"])
        for one in s3.list_objects_v2(Bucket="pages")["Contents"]
    }
    assert {
        key: (answer["Body"].read(), answer["ContentType"], answer.get("CacheControl"))
        for key, answer in found.items()
    } == {
        "assets/app-1.js": (b"first", "binary/octet-stream", None),
        "assets/app-2.css": (b"second", "text/css", "public, max-age=31536000, immutable"),
        "assets/font-3": (
            b"second",
            "application/octet-stream",
            "public, max-age=31536000, immutable",
        ),
        "releases/7/index.html": (b"page", "text/html; charset=utf-8", "no-cache"),
    }
    with pytest.raises(PipelineError, match=r"app-1\.js can't be written to none"):
        bundle.upload(tmp_path, "8", FrontendBucket("none", "eu-west-1"))


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    class Untouched:
        def add(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
            raise AssertionError(key)

    with pytest.raises(PipelineError, match=r"has no index\.html"):
        bundle.upload(tmp_path, "7", Untouched())
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "favicon.ico").write_text("icon")
    with pytest.raises(PipelineError, match=r"favicon\.ico of .* would be one file"):
        bundle.upload(tmp_path, "7", Untouched())


@pytest.mark.usefixtures("_aws")
def test_an_environment_without_a_contract_has_no_bucket() -> None:
    with pytest.raises(PipelineError, match="/slipway/prod/contract in eu-west-1 can't be read"):
        FrontendBucket.of("prod", "eu-west-1")
    ssm = boto3.client("ssm", region_name="eu-west-1")
    ssm.put_parameter(Name="/slipway/prod/contract", Value="{", Type="String")
    with pytest.raises(
        PipelineError,
        match=r'^/slipway/prod/contract in eu-west-1: the contract is no JSON: "{"; run '
        r"`pulumi up --stack prod` with this checkout$",
    ):
        FrontendBucket.of("prod", "eu-west-1")


# ---- the command line ----


def test_the_command_line_says_what_is_wrong_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["target", "--stack", "prod"]) == 0
    assert capsys.readouterr().out.startswith("stack=prod\n")
    assert main(["target", "--stack", "nowhere"]) == 1
    assert "Pulumi.nowhere.yaml does not exist" in capsys.readouterr().err
    assert main(["target"]) == 2
    assert "--stack" in capsys.readouterr().err
    assert main(["scan", "nginx:latest"]) == 1
    assert "no image of ECR" in capsys.readouterr().err
    missing = str(tmp_path / "plan.json")
    assert main(["plan", missing, "--against", missing, "--markdown", missing]) == 1
    assert "the machine refuses" in capsys.readouterr().err


def test_a_cutovers_files_become_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answer = tmp_path / "cutover.json"
    answer.write_text('{"exit": 3, "sentence": "rolled back"}')
    history = str(tmp_path / "history.txt")
    assert main(["summary", str(answer), "--history", history, "--stack", "staging"]) == 0
    assert "**rolled back** (code 3)" in capsys.readouterr().out
