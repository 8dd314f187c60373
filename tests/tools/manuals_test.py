"""The man pages, completions and --help say the same."""
import re

import pytest

from etc_tools import COMPILE, INSPECT, ROOT, RUN, run

TOOLS = {"etc-compile": COMPILE, "etc-run": RUN, "etc-inspect": INSPECT}


def options_in_help(tool):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", run(tool, "--help").stdout))


@pytest.mark.parametrize("name", TOOLS)
def test_manual_lists_every_option(name):
    page = (ROOT / "man" / f"{name}.1").read_text()
    # mdoc writes --name as "Fl Fl name", "Fl -name" or \-\-name
    named = {"--" + o for o in re.findall(r"Fl (?:Fl |-|\\-)([a-z][a-z-]+)", page)}
    missing = options_in_help(TOOLS[name]) - named
    assert not missing, f"man/{name}.1 does not describe {sorted(missing)}"
    extra = named - options_in_help(TOOLS[name])
    assert not extra, f"man/{name}.1 describes {sorted(extra)}, which --help does not have"


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_offer_every_option(name, shell):
    text = (ROOT / "completions" / f"{name}.{shell}").read_text()
    offered = {"--" + o for o in re.findall(r"-l ([a-z-]+)" if shell == "fish" else r"(?<![\w-])--([a-z][a-z-]+)", text)}
    assert offered == options_in_help(TOOLS[name])


@pytest.mark.parametrize("name", TOOLS)
def test_version_and_help_succeed(name):
    assert re.search(r"\d+\.\d+", run(TOOLS[name], "--version").stdout)
    assert name in run(TOOLS[name], "--help").stdout


@pytest.mark.parametrize("page", ["etc-compile.1", "etc-run.1", "etc-inspect.1", "etc-program.5"])
def test_pages_are_clean_mdoc(page):
    done = run("mandoc", "-T", "lint", "-W", "warning", ROOT / "man" / page)
    assert done.stdout == ""
