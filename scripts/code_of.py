#!/usr/bin/env python3
"""Prints the fenced code of one language in a page, so that the build compiles what the page says: code_of.py PAGE.md LANGUAGE"""
import re
import sys
from pathlib import Path

page, language = Path(sys.argv[1]), sys.argv[2]
blocks = re.findall(rf"^```{re.escape(language)}\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
if not blocks:
    sys.exit(f"{page}: has no code in {language}")
sys.stdout.write("\n".join(blocks))
