"""Looks into the objects and sources of the core and the kernels: what runs on a small device stays small and alone.

    boundary.py symbols CORE.a OPS.a ...    undefined symbols, constructors and writable data of the objects
    boundary.py includes SOURCE_ROOT        what the sources include
    boundary.py size LIMIT COMPILER FLAGS... SOURCES...    bytes of the core in a program that runs a model, compiled and linked for size
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# What the objects may leave to others: memory functions that every C compiler calls by itself, and the helpers of its run-time
# library for numbers wider than the machine's, or without a unit for them, and for asking which CPU this is. Everything else is heap,
# threads, libm, exceptions or I/O.
ALLOWED_SYMBOLS = re.compile(
    r'(mem(cpy|move|set|cmp)|_GLOBAL_OFFSET_TABLE_|\.TOC\.|__aeabi_\w+|__stack_chk_(fail|guard)'
    r'|__(u?div|u?mod|mul|ashl|ashr|lshr|udivmod|divmod|popcount|clz|ctz)[sdt]i[234]'
    r'|__(add|sub|mul|div|neg|eq|ne|lt|le|gt|ge|unord)[sd]f[23]|__(fix|fixuns|float|floatun)[sdt][fi][sdt][fi]|__extendsfdf2|__truncdfsf2'
    r'|__cpu_(model|indicator_init|features2))')
# Headers without code of a library behind them. immintrin.h, arm_neon.h: the compiler's names for instructions.
ALLOWED_HEADERS = set('algorithm arm_neon.h climits cstddef cstdint cstring immintrin.h initializer_list limits new stddef.h stdint.h tuple type_traits utility'.split())
LOCAL_HEADER = {'lib': re.compile(r'(etc/)?[a-z_]+\.h'), 'ops': re.compile(r'(etc|ops)/[a-z_/]+\.(h|inc)'),
                'backends': re.compile(r'(etc|backends/graph)/[a-z_]+\.h')}
# Of the backends, what needs no library and no compiler.
DEVICE_BACKENDS = re.compile(r'backends/(reference/delegate\.cc|graph/(format|read|layout|check_node)\.(h|cc))')
# Sources beside the core that are not of it, and the wrapper of a library that has its own rules.
NOT_DEVICE = ('ops/aten/', 'lib/host/', 'lib/etc/host/', 'lib/testing/')


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols_of(archive):
    """(defined, undefined, writable): names of symbols, mangled, and those of data that a program could change."""
    defined, undefined, writable = set(), set(), set()
    for line in output_of('nm', '--format=posix', archive).splitlines():
        fields = line.split()
        if len(fields) < 2 or line.endswith(':'):
            continue
        name, kind = fields[:2]
        (undefined if kind in 'Uw' else defined).add(name)
        if kind in 'bBC' or (kind in 'vVu' and name.startswith('_ZGV')):
            writable.add(name)
    return defined, undefined, writable


def check_symbols(*archives):
    """In an order in which each needs only those before it."""
    faults, known = [], set()
    for archive in archives:
        defined, undefined, writable = symbols_of(archive)
        known |= defined
        faults += [f'{archive}: needs {name}' for name in sorted(undefined - known) if not ALLOWED_SYMBOLS.fullmatch(name)]
        faults += [f'{archive}: keeps {name}, which is not constant' for name in sorted(writable)]
        sections = output_of('readelf', '--sections', '--wide', archive)
        faults += [f'{archive}: has a {name} section' for name in sorted(set(re.findall(r'\.(?:init_array|ctors|tbss|tdata|fini_array)\b', sections)))]
    return faults


def check_includes(root):
    faults = []
    for folder, local in LOCAL_HEADER.items():
        for path in sorted((root / folder).rglob('*')):
            name = path.relative_to(root).as_posix()
            if path.suffix not in ('.h', '.cc') or name.endswith(('_test.cc', '_test.h')) or name.startswith(NOT_DEVICE):
                continue
            if folder == 'backends' and not DEVICE_BACKENDS.fullmatch(name):
                continue
            for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
                include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
                if not include:
                    continue
                bracket, header = include.groups()
                if not (header in ALLOWED_HEADERS if bracket == '<' else local.fullmatch(header) and not header.endswith('_test.h')):
                    faults.append(f'{name}:{number}: includes {header}')
    return faults


def check_size(limit, command):
    """Links the core for size, with what bench/size_main.cc needs of it alone, and measures that; nothing may be kept in RAM."""
    sources = [word for word in command if word.endswith('.cc')]
    compiler = [word for word in command if not word.endswith('.cc')]
    tool = next((re.sub(r'g\+\+$', 'size', word) for word in compiler if word.endswith('eabi-g++')), 'size')
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for source in sources:
            objects.append(f'{folder}/{pathlib.Path(source).stem}.o')
            subprocess.run([*compiler, '-fno-pie', '-c', source, '-o', objects[-1]], check=True)
        # -r: without the C library, of which only memcpy and the like are wanted.
        subprocess.run([*compiler, '-nostdlib', '-no-pie', '-r', '-Wl,--gc-sections', '-Wl,-u,size_main', '-Wl,-e,size_main', *objects,
                        '-o', f'{folder}/linked'], check=True)
        text, data, bss = map(int, output_of(tool, f'{folder}/linked').splitlines()[-1].split()[:3])
    print(f'core: text {text} of {limit} bytes, data {data}, bss {bss}')
    faults = []
    if text > limit:
        faults.append(f'the core has {text} bytes of text, more than {limit}')
    if data + bss > 0:
        faults.append(f'the core keeps {data + bss} bytes of data and bss')
    return faults


def main(arguments):
    if arguments[:1] == ['symbols'] and len(arguments) > 1:
        faults = check_symbols(*arguments[1:])
    elif arguments[:1] == ['includes'] and len(arguments) == 2:
        faults = check_includes(pathlib.Path(arguments[1]))
    elif arguments[:1] == ['size'] and len(arguments) > 3:
        faults = check_size(int(arguments[1]), arguments[2:])
    else:
        sys.exit(__doc__)
    sys.exit('\n'.join(faults) or 0)


if __name__ == '__main__':
    main(sys.argv[1:])
