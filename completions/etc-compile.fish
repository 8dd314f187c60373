# fish completion of etc-compile
function __etc_compile_passes
    etc-compile --help 2>/dev/null | sed -n '/always runs/d;/^Passes/,$ s/^  \([a-z-]*\)  *\([^ ].*\)/\1\t\2/p' | sort -u
end
function __etc_compile_stages
    printf '%s\n' all import
    etc-compile --help 2>/dev/null | sed -n '/^Passes/,$ s/^  \([a-z-]*\)  *\([^ ].*\)/\1\t\2/p' | sort -u
end

complete -c etc-compile -f -n 'not string match -q -- "--dump-ir=*" (commandline -ct)' -k -a '(__fish_complete_suffix .pt2)'
complete -c etc-compile -f -s h -l help -d 'Print a summary of the options'
complete -c etc-compile -f -l version -d 'Print the version'
complete -c etc-compile -r -f -s o -l output -k -a '(__fish_complete_suffix .etc)' -d 'Program file to write'
complete -c etc-compile -r -F -l method -d 'A further method and its model file, NAME=FILE'
complete -c etc-compile -x -l cpu -a 'native generic x86-64 x86-64-v2 x86-64-v3 x86-64-v4 armv8-a' -d 'CPU to compile for'
complete -c etc-compile -x -l precision -a 'f32 bf16 f16' -d 'Of the weights of linear layers, convolutions and LSTMs'
complete -c etc-compile -x -l max-dim -d 'Largest size of an input along an axis, INPUT.AXIS=N'
complete -c etc-compile -x -l pool -d 'A pool of memory, NAME=SIZE, fastest first'
complete -c etc-compile -x -l optimize-for -a 'memory latency' -d 'What the plan is good for'
complete -c etc-compile -x -l planner -a 'search greedy no-reuse exec:' -d 'Who decides where values lie'
complete -c etc-compile -x -l planner-timeout -d 'Seconds that exec:CMD has for one pool'
complete -c etc-compile -x -l backend -a 'reference xnnpack onednn' -d 'Give what it takes to this backend'
complete -c etc-compile -f -l explain-partition -d 'Print what backends took and left, and why'
complete -c etc-compile -x -l disable-pass -a '(__etc_compile_passes)' -d 'Leave an optional pass out'
complete -c etc-compile -x -l external -d 'Leave these ops to a table at run time'
complete -c etc-compile -r -f -l plugin -k -a '(__fish_complete_suffix .so)' -d 'A library that adds passes, planners and backends'
complete -c etc-compile -f -l time-passes -d 'Print how long each stage took'
complete -c etc-compile -x -l emit -a 'etc c' -d 'What to write'
complete -c etc-compile -x -l symbol -d 'Name of the array in C'
complete -c etc-compile -f -l strip -d 'Leave out names and source lines'
complete -c etc-compile -x -l format -a 'text json' -d 'Format of the report'
complete -c etc-compile -f -l dump-ir -a '(__etc_compile_stages)' -d 'Print the IR after a stage'
