"""One peer's own form of an exported model: prepare.py PEER FOLDER THREADS. In a process of its own: converters may crash or hang."""
import sys
from pathlib import Path

from peers import peer

try:
    peer(sys.argv[1]).prepare(Path(sys.argv[2]), int(sys.argv[3]))
except Exception as e:
    print("reason:", " ".join(f"{type(e).__name__}: {e}".split())[:300], file=sys.stderr, flush=True)
    raise
