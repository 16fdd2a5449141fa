"""What a rehearsal writes, who may read it, and what a disk's refusal reads like."""

import re
from pathlib import Path

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.machine.files import disk_errors, write


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_has_its_mode_whatever_stood_there_before(tmp_path, mode):
    file = tmp_path / "file"
    file.write_text("older and longer")
    file.chmod(0o666)
    write(file, "new", mode=mode)
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == mode


def test_a_file_is_private_unless_said_otherwise(tmp_path):
    write(tmp_path / "key", b"secret")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_link_that_stands_there_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    write(tmp_path / "link", "new")
    assert (tmp_path / "elsewhere").read_text() == "kept"
    assert not (tmp_path / "link").is_symlink()


def test_a_place_that_does_not_exist_is_one_sentence(tmp_path):
    file = tmp_path / "missing" / "file"
    sentence = f"can't write {file}: No such file or directory"
    with pytest.raises(RehearsalError, match=f"^{re.escape(sentence)}$"):
        write(file, "")


def test_a_full_disk_is_one_sentence():
    with (
        pytest.raises(RehearsalError, match=r"^can't write the report: No space left on device$"),
        disk_errors("write the report"),
    ):
        Path("/dev/full").write_text("x")
