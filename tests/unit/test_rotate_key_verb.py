"""`hva rotate-key` adds a new first key or retires an old one, completely or not at all."""

import io
import re
import sys
from pathlib import Path

import pytest

from deploy.hva import rotate_key
from deploy.hva.__main__ import main
from deploy.hva.context import VerbError
from shared.keys import read_keys

OLD = f"# ours\nk1 {'A' * 43}=\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HVA_KAFKA_BOOTSTRAP", "HVA_POSTGRES_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HVA_DIR", str(tmp_path))
    monkeypatch.delenv("HVA_PSEUDONYM_KEY_FILE", raising=False)
    path = tmp_path / "pseudonym.keys"
    path.touch(mode=0o600)
    path.write_text(OLD)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str:
    monkeypatch.setattr(sys, "argv", ["hva", "rotate-key", *arguments])
    with pytest.raises(SystemExit) as exit_info:
        main()
    return exit_info.value.code or 0


def test_new_key_is_first_and_nothing_else_changes(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    assert run(monkeypatch, "--dir", str(file.parent)) == 0
    keys = read_keys(file)
    assert len({key.id for key in keys}) == len({key.secret for key in keys}) == 3
    assert keys[2].id == "k1" and file.read_text().endswith(OLD)
    assert all(re.fullmatch(r"k\d{6}-[0-9a-f]{4}", key.id) and len(key.secret) == 32 for key in keys[:2])
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    output = capsys.readouterr().out
    assert keys[0].id in output and "--retire" in output
    assert not any(line.split()[1] in output for line in file.read_text().splitlines() if not line.startswith("#"))


def test_only_a_key_that_is_not_first_can_be_retired(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch)
    first = read_keys(file)[0].id
    before = file.read_text()
    assert "no key of that id" in str(run(monkeypatch, "--retire", "k7", "--yes"))
    assert f"{first} is the first key" in str(run(monkeypatch, "--retire", first, "--yes"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(monkeypatch, "--retire", "k1") == 1  # asks for confirmation and gets no answer
    assert file.read_text() == before
    capsys.readouterr()
    assert run(monkeypatch, "--retire", "k1", "--yes") == 0
    output = capsys.readouterr()
    assert "another person" in output.err and "is unknown" in output.err and f"remaining keys: {first}" in output.out
    assert [key.id for key in read_keys(file)] == [first] and "# ours" in file.read_text()


def test_unusable_key_file_is_reported(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(0o644)
    assert "chmod 600" in str(run(monkeypatch))
    monkeypatch.setenv("HVA_PSEUDONYM_KEY_FILE", str(file.parent / "none"))
    assert "There is no key file" in str(run(monkeypatch))


def test_symbolic_link_is_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = file.parent / "link.keys"
    link.symlink_to(file)
    monkeypatch.setenv("HVA_PSEUDONYM_KEY_FILE", str(link))
    assert run(monkeypatch) == 0
    assert link.is_symlink() and len(read_keys(link)) == 2


def test_concurrent_change_is_refused(file: Path) -> None:
    def change_meanwhile(text: str) -> str:
        rotate_key.change(file, str.upper)
        return text

    with pytest.raises(VerbError, match="try again"):
        rotate_key.change(file, change_meanwhile)
    assert file.read_text() == OLD
