"""etc-compile --emit c writes the bytes of the program file as an array that C and C++ compilers take."""
import subprocess

import pytest

from etc_tools import COMPILE, ROOT, run

MODEL = ROOT / "examples" / "digits" / "digits.pt2"
MAIN = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#ifdef __cplusplus
extern "C" {
#endif
extern const unsigned char NAME[];
extern const size_t NAME_size;
#ifdef __cplusplus
}
#endif
int main(void) { return (uintptr_t)NAME % 64 ? 2 : fwrite(NAME, 1, NAME_size, stdout) != NAME_size; }
"""


def built(source, name, language, folder):
    main = folder / ("main." + language)
    main.write_text(MAIN.replace("NAME", name))
    command = {"c": ["gcc", "-x", "c", "-std=c99"], "cc": ["g++", "-x", "c++", "-std=c++17"]}[language]
    run(*command, "-Wall", "-Wextra", "-Werror", main, source, "-o", folder / "main")
    return subprocess.run([folder / "main"], capture_output=True, check=True).stdout


@pytest.mark.parametrize("language", ["c", "cc"])
def test_the_array_holds_the_program(language, tmp_path):
    run(COMPILE, MODEL, "-o", tmp_path / "digits.etc")
    run(COMPILE, MODEL, "--emit", "c", "-o", tmp_path / "digit-reader.c")
    assert built(tmp_path / "digit-reader.c", "digit_reader", language, tmp_path) == (tmp_path / "digits.etc").read_bytes()


def test_symbol_names_the_array(tmp_path):
    run(COMPILE, MODEL, "--emit", "c", "--symbol", "reader", cwd=tmp_path)
    assert len(built(tmp_path / "digits.c", "reader", "c", tmp_path)) > 7744


@pytest.mark.parametrize("options, word", [(["--symbol", "x"], "--emit c"), (["--emit", "c", "--symbol", "4x"], "4x"), (["--emit", "rust"], "rust")])
def test_refuses_what_does_not_fit(options, word, tmp_path):
    done = run(COMPILE, MODEL, *options, "-o", tmp_path / "out", expect=2)
    assert word in done.stderr and not (tmp_path / "out").exists()
