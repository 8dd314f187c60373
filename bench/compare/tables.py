"""From what was measured to Markdown.

A result is {"title", "flops", "bytes", "is_bound_by_memory", "threads": {N: {runtime: cell}}}, a cell either {"failed": reason} or
{"min_ns", "median_ns", "load_ns", "first_ns", "peak_kib", "before_kib", "error", "cores"}.
"""
import math


def table(head, rows):
    """Text to the left, figures to the right."""
    def line(cells):
        return "| " + " | ".join(cells) + " |"

    return "\n".join([line(head), "|---|" + "---:|" * (len(head) - 1), *map(line, rows)]) + "\n"


def milliseconds(ns):
    ms = ns / 1e6
    return f"{ms:.0f}" if ms >= 1000 else f"{ms:.3g}" if ms >= 0.01 else f"{ms:.5f}"


def share_of_limit(result, limits, ns):
    """Of the machine's multiply-adds, or of its memory where that is what a model waits for (marked m)."""
    if result["is_bound_by_memory"]:
        return f"{100 * result['bytes'] / ns / limits['gbytes']:.0f} m"
    return f"{100 * result['flops'] / ns / limits['gflops']:.0f}" if result["flops"] else "-"


def best_peer(cells):
    """(name, cell) of the peer with the smallest minimum, or None."""
    peers = [(name, cell) for name, cell in cells.items() if name != "etc" and "min_ns" in cell]
    return min(peers, key=lambda p: p[1]["min_ns"]) if peers else None


def ratio(cells):
    """How many times faster than the best peer etc is, or None."""
    best = best_peer(cells)
    return best[1]["min_ns"] / cells["etc"]["min_ns"] if best and "min_ns" in cells.get("etc", {}) else None


def summary(ratios):
    if not ratios:
        return "No row has both etc and a peer.\n"
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return (f"etc is faster than the best peer on {sum(r > 1 for r in ratios)} of {len(ratios)} rows; geometric mean {mean:.2f}x, worst "
            f"{min(ratios):.2f}x.\n")


def times(results, threads, limits, titles):
    rows, ratios = [], []
    for result in results:
        cells = result["threads"].get(threads, {})
        best, factor = best_peer(cells), ratio(cells)
        ratios += [factor] if factor else []
        shares = [share_of_limit(result, limits, cell["min_ns"]) if cell and "min_ns" in cell else "-" for cell in (cells.get("etc"), best and best[1])]
        rows.append([result["title"], f"{result['flops'] / 1e9:.3g}", f"{factor:.2f}x" if factor else "-", titles[best[0]] if best else "-", *shares,
                     *(time_cell(cells.get(name), best and name == best[0]) for name in titles)])
    head = ["model", "GFLOP", "best peer : etc", "best peer", "etc % of limit", "best peer % of limit", *titles.values()]
    return table(head, rows) + "\n" + summary(ratios)


def time_cell(cell, is_best):
    if not cell or "min_ns" not in cell:
        return "-" if not cell else "fails"
    text = f"{milliseconds(cell['min_ns'])} / {milliseconds(cell['median_ns'])}"
    return f"**{text}**" if is_best else text


def one_figure(results, threads, titles, figure):
    """A row for each model, a column for each runtime."""
    rows = []
    for result in results:
        cells = result["threads"].get(threads, {})
        rows.append([result["title"], *(figure(cells[name]) if "min_ns" in cells.get(name, {}) else "-" for name in titles)])
    return table(["model", *titles.values()], rows)


def first_answer(cell):
    return milliseconds(cell["load_ns"] + cell["first_ns"])


def peak_rss(cell):
    return f"{cell['peak_kib'] / 1024:.0f} ({cell['before_kib'] / 1024:.0f})"


def error(cell):
    return f"{cell['error']:.0e}"


def failures(results, titles):
    """The reasons, one line for each model and runtime; the same at several thread counts is said once."""
    lines = []
    for result in results:
        for cells in result["threads"].values():
            for name, cell in cells.items():
                line = f"- {result['title']}, {titles[name]}: {cell.get('failed')}\n"
                if "failed" in cell and line not in lines:
                    lines.append(line)
    return "".join(lines) or "None.\n"


def busy_cores(results, titles):
    """Runtimes that kept more cores busy than they were given."""
    return "".join(f"- {r['title']}, {titles[name]}: {cell['cores']:.1f} cores instead of {threads}\n" for r in results
                   for threads, cells in r["threads"].items() for name, cell in cells.items() if cell.get("cores", 0) > threads + 0.2)


LIMITS = """Limits measured in this run: {gflops:.0f} GFLOP/s, {gbytes:.1f} GB/s. Milliseconds a call, minimum / median; the best peer is
bold. *m*: % of the memory's speed, for a model that waits for its weights.
"""


def counted(threads):
    return f"{threads} thread{'s' if threads > 1 else ''}"


def document(report):
    """`report`: {"machine", "versions": {runtime: text}, "titles": {runtime: text}, "limits": {N: …}, "results": […]}."""
    titles, results, limits = report["titles"], report["results"], report["limits"]
    parts = ["# etc beside other runtimes\n", "Made by `bench/compare/run.sh`; bench/compare/README.md says what is measured and how.\n",
             "".join(f"- {key}: {text}\n" for key, text in report["machine"].items())
             + "".join(f"- {titles[name]}: {text}\n" for name, text in report["versions"].items())]
    for threads, limit in limits.items():
        parts += [f"## {counted(threads)}\n", LIMITS.format(**limit), times(results, threads, limit, titles)]
    threads = min(limits)
    with_threads = counted(threads)
    for title, text, figure in (
            ("Load to first answer", f"Milliseconds, {with_threads}; the files are in the page cache, the runtime itself is started.", first_answer),
            ("Peak RSS of a fresh process", f"MiB after the first answer, {with_threads}; in brackets before the model was loaded.", peak_rss),
            ("Difference from torch eager", "The largest, in units of the largest distance of eager's values from their mean.", error)):
        parts += [f"## {title}\n", text + "\n", one_figure(results, threads, titles, figure)]
    parts += ["## Failures\n", failures(results, titles)]
    if busy := busy_cores(results, titles):
        parts += ["## More cores than given\n", busy]
    return "\n".join(parts)
