"""The Python and shell of docs/dynamic-shapes.md do what the page says."""
import os
import subprocess
import sys

from etc_tools import COMPILE, ROOT, RUN, run


def code_of(language):
    return run(sys.executable, ROOT / "scripts" / "code_of.py", ROOT / "docs" / "dynamic-shapes.md", language).stdout


def test_the_page_runs(tmp_path):
    (tmp_path / "net.py").write_text(code_of("python"))
    run(sys.executable, "net.py", cwd=tmp_path)
    path = os.pathsep.join([os.path.dirname(COMPILE), os.path.dirname(RUN), os.environ["PATH"]])
    run("sh", "-e", "-c", code_of("sh"), cwd=tmp_path, env={**os.environ, "PATH": path})


def test_a_size_out_of_range_is_refused(tmp_path):
    (tmp_path / "net.py").write_text(code_of("python"))
    run(sys.executable, "net.py", cwd=tmp_path)
    run(COMPILE, "net.pt2", "-o", "net.etc", cwd=tmp_path)
    for rows in (1, 65):
        done = subprocess.run([RUN, "net.etc", f"{rows}x4xf32=zeros"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode not in (0, 70), done.stderr
