"""An operator tries the rules on prompts of their own, and has a file of rules looked over."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from local import rules_command


def use(*words: str) -> int:
    parser = argparse.ArgumentParser()
    rules_command.add_commands(parser.add_subparsers(dest="action", required=True))
    return rules_command.run(parser.parse_args(words))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "own.csv",
            "text,expected,kind,age_restricted\n"
            "a red fox,allow,,\nn-u-d-e,refuse,dots,\nnude,allow,,yes\nthe nude,allow,,no\n",
        ),
        (
            "own.jsonl",
            '{"text": "a red fox", "expected": "allow"}\n\n'
            '{"text": "n-u-d-e", "expected": "refuse"}\n'
            '{"text": "nude", "expected": "allow", "age_restricted": true}\n'
            '{"text": "the nude", "expected": "allow"}\n',
        ),
    ],
)
def test_the_table_and_what_was_missed_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    assert use("test", str(tmp_path / name)) == 1
    said = capsys.readouterr().out
    assert "| refused | 1 | 0 | 100.00 % |" in said
    assert "| allowed | 1 | 2 | 66.67 % |" in said
    assert "refused by nudity: 'the nude'" in said
    assert "Too much is wronged: 33.33 %" in said
    assert use("test", str(tmp_path / name), "--wronged", "40") == 0


def test_too_little_caught_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.csv").write_text("text,expected\nmeadow\u202e,refuse\n")
    assert use("test", str(tmp_path / "own.csv")) == 1
    said = capsys.readouterr().out
    assert "Too little is caught: 0.00 %" in said
    assert "allowed: 'meadow\\u202e'" in said, "no terminal acts on what is shown"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("text,expected\nfox,maybe\n", "line 2: it needs"),
        ("prompt,expected\nfox,allow\n", "line 2: it needs"),
        ("text,expected,level\nfox,allow,harsh\n", "line 2: level"),
    ],
)
def test_a_line_that_says_too_little_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    (tmp_path / "own.csv").write_text(text)
    assert use("test", str(tmp_path / "own.csv")) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "said"),
    [(b"", "holds no prompt"), (b"text,expected\n", "holds no prompt"), (b"\xff\xfe", "UTF-8")],
)
def test_a_file_without_prompts_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: bytes, said: str
) -> None:
    (tmp_path / "own.csv").write_bytes(written)
    assert use("test", str(tmp_path / "own.csv")) == 2
    assert said in capsys.readouterr().err


def test_a_table_that_excel_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(b"\xef\xbb\xbftext,expected\r\na red fox,allow\r\n")
    assert use("test", str(tmp_path / "own.csv")) == 0


def test_files_of_rules_are_looked_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert use("check") == 0
    assert "nothing is wrong" in capsys.readouterr().out
    (tmp_path / "own.toml").write_text('version = "1"\n[[rule]]\nid = "a"\n')
    assert use("check", str(tmp_path / "own.toml")) == 2
    assert "own.toml: a.category: is missing" in capsys.readouterr().err
    assert use("check", str(tmp_path / "none.toml")) == 2
