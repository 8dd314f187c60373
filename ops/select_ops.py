"""What -Dops=… selects: reads the list, answers with the files and ops to build, and writes the dtypes that each file is built for.

    select_ops.py LIST SOURCE_FOLDER HEADER FILE=OP,OP...

FILE=OP,OP says which ops are in SOURCE_FOLDER/FILE.cc, as in ops/meson.build. LIST is what `etc-inspect --ops` prints: lines
`NAME DTYPE,DTYPE…`, or the same as JSON. A name alone stands for all dtypes; `#` starts a comment; a last word `external` marks an
op whose kernel comes from a table at run time. Answers with lines `FILE OP OP…`; a file without ops is a helper, taken by the linker
when something needs it.
"""
import json
import pathlib
import re
import sys

# The order of DType in lib/etc/base.h, which a static_assert in the header that is written here compares.
DTYPES = 'bool u8 i8 i16 i32 i64 f16 bf16 f32 f64 f8e4m3fn f8e5m2 u16 u32 u64'.split()
# ETC_OP(name, "schema…"; ETC_ELEMENTARY_OP(name) is aten::name.
DEFINITION = re.compile(r'ETC_(?:OP\(\s*(\w+)\s*,\s*"([\w:.]+)\(|ELEMENTARY_OP\(\s*(\w+)\s*\))')


def names_in(source):
    """{name of the op in C++: name in schemas}"""
    return {m[1] or m[3]: m[2] or f'aten::{m[3]}' for m in DEFINITION.finditer(source.read_text(encoding='utf-8'))}


def known_ops(folder, lists):
    """{schema name: (file, C++ name)} of all ops that could be built."""
    known = {}
    for entry in lists:
        file, _, ops = entry.partition('=')
        names = names_in(folder / f'{file}.cc') if ops else {}
        for op in filter(None, ops.split(',')):
            if op not in names:
                sys.exit(f'ops/{file}.cc: no ETC_OP defines {op}')
            known[names[op]] = file, op
    return known


def read_list(text):
    """[(name, dtypes or None for all)], external ops left out."""
    if text.lstrip().startswith('{'):
        return [(op['name'], op['dtypes']) for op in json.loads(text)['ops'] if not op.get('external')]
    ops = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition('#')[0].split()
        if not words or words[-1] == 'external':
            continue
        if len(words) > 2:
            sys.exit(f'-Dops: line {number}: say NAME DTYPE,DTYPE as etc-inspect --ops does, not {line!r}')
        ops.append((words[0], words[1].split(',') if len(words) == 2 else None))
    return ops


def mask_of(dtypes):
    unknown = set(dtypes or ()) - set(DTYPES)
    if unknown:
        sys.exit(f'-Dops: there is no dtype {", ".join(sorted(unknown))}; there are {", ".join(DTYPES)}')
    return (1 << len(DTYPES)) - 1 if dtypes is None else sum(1 << DTYPES.index(d) for d in set(dtypes))


def header(masks):
    every = 0
    for mask in masks.values():
        every |= mask
    entries = ''.join(f'    {{"ops/{file}", {mask:#x}}},\n' for file, mask in sorted(masks.items()))
    return f'''// Made by ops/select_ops.py: the dtypes that each file is built for, bit by bit in the order of DType.
#pragma once

namespace etc::selection {{
static_assert(kDTypeCount == {len(DTYPES)}, "select_ops.py knows other dtypes");
struct File {{
  const char* name;
  uint32_t dtypes;
}};
constexpr File kFiles[] = {{
{entries}    {{"/", 0}},  // no file: an array has at least one entry
}};
constexpr uint32_t kAll = {every:#x};
}}  // namespace etc::selection
'''


def main(text, folder, output, lists):
    known = known_ops(pathlib.Path(folder), lists)
    masks, chosen, missing = {}, {}, []
    for name, dtypes in read_list(text):
        if name not in known:
            missing.append(name)
            continue
        file, op = known[name]
        masks[file] = masks.get(file, 0) | mask_of(dtypes)
        chosen.setdefault(file, set()).add(op)
    if missing:
        sys.exit(f'-Dops: no kernel is called {", ".join(missing)}; an op of a table at run time is marked with the word external')
    pathlib.Path(output).write_text(header(masks), encoding='utf-8')
    for entry in lists:
        file, _, ops = entry.partition('=')
        if file in chosen or not ops:
            print(file, *(op for op in ops.split(',') if op in chosen.get(file, ())))


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:4], sys.argv[4:])
