"""The product's CSV form: encodings, delimiters, bad files by row, and results that run no formula."""

from pathlib import Path

import pytest

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.domain.csv_columns import defused
from edition_migration.domain.errors import InvalidInput
from edition_migration.ports.row_files import FileForm, Row

FILES = CsvFiles()
TEXT = "email,displayName\r\nana@example.com,Ana Šimić\r\n"
ROWS = [Row(2, {"email": "ana@example.com", "displayName": "Ana Šimić"})]


def rows_of(path: Path) -> list[Row]:
    with FILES.read(path) as reader:
        return list(reader)


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_encoding_of_the_product_is_read(path: Path, encoding: str) -> None:
    assert rows_of(written(path, TEXT, encoding)) == ROWS


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_delimiter_is_found_in_the_header(path: Path, delimiter: str) -> None:
    assert rows_of(written(path, TEXT.replace(",", delimiter))) == ROWS


def test_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_passed_over(path: Path) -> None:
    rows = rows_of(written(path, 'email,displayName\n\na@example.com\n,\n" b@example.com ","B\nB"\n'))
    assert rows == [
        Row(3, {"email": "a@example.com", "displayName": ""}),
        Row(5, {"email": "b@example.com", "displayName": "B\nB"}),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "row 1: holds no column names; put the column names into the first row"),
        (b"\xff\xfe\x00", "row 1: is neither UTF-8 nor UTF-16LE; save it as CSV in UTF-8, or in UTF-16LE with a"),
        (b"email,a\nx\xff,b\n", "row 1: is neither UTF-8 nor UTF-16LE; save it as CSV in UTF-8, or in UTF-16LE with a"),
        (b"email,a\nx,b,c\n", "row 2: has 3 cells, the header 2; put quotes around a cell that holds the delimiter"),
        (b'email,a\nx,b\n"x"y,b\n', "row 3: is no CSV (',' expected after '\"'); mend the quotes in this row"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_by_row(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        rows_of(written(path, content))
    assert refusal.value.message.startswith(message)


def test_a_bad_byte_far_in_the_file_is_named_with_its_row(path: Path) -> None:
    good = b"ana@example.com,Ana\n" * 2000
    with pytest.raises(InvalidInput, match=r"^row \d+: is not utf-8; save it as CSV in UTF-8"):
        rows_of(written(path, b"email,displayName\n" + good + b"\xff\n"))


def test_a_column_named_twice_is_refused(path: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        rows_of(written(path, "email,email,name,name\n"))
    assert [str(problem) for problem in refusal.value.problems] == [
        'row 1: names the column "email" twice; name each column once',
        'row 1: names the column "name" twice; name each column once',
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere.csv: cannot be read \(No such file or directory\)"):
        rows_of(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_formulas_are_defused(start: str) -> None:
    assert defused(f"{start}1+1") == f"'{start}1+1"


def test_the_sign_for_empty_is_no_formula() -> None:
    assert defused("-") == "-"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_result_is_written_as_its_input_was(path: Path, encoding: str) -> None:
    form = FileForm(encoding, ";")
    with FILES.write(path, ["email", "importStatus"], form) as writer:
        writer.write({"email": "a@example.com", "importStatus": "created", "unknown": "x"})
        writer.write({"email": "=cmd"})
    assert path.read_bytes() == "email;importStatus\r\na@example.com;created\r\n'=cmd;\r\n".encode(encoding)


def test_an_error_on_the_way_leaves_the_older_result(path: Path) -> None:
    written(path, "older")
    with pytest.raises(RuntimeError), FILES.write(path, ["a"], FileForm("utf-8", ",")):
        raise RuntimeError
    assert path.read_text() == "older"
    assert list(path.parent.iterdir()) == [path]
