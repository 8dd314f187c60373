#compdef etc-compile

# The names of the passes, from --help.
_etc_compile_passes() {
  local -a passes
  passes=(${(f)"$(_call_program passes $words[1] --help 2>/dev/null | sed -n '/always runs/d;/^Passes/,$ s/^  \([a-z-]*\)  *\([^ ].*\)/\1:\2/p' | sort -u)"})
  _describe -t passes pass passes
}

_etc_compile_stages() {
  local -a stages
  stages=(all import ${(f)"$(_call_program passes $words[1] --help 2>/dev/null | sed -n '/^Passes/,$ s/^  \([a-z-]*\)  *[^ ].*/\1/p' | sort -u)"})
  _describe -t stages stage stages
}

_etc_compile_method() {
  if compset -P '*='; then
    _files -g '*.pt2(-.)'
  else
    _message 'name of the method, then =file'
  fi
}

_arguments -s \
  '(- *)'{-h,--help}'[print a summary of the options]' \
  '(- *)--version[print the version]' \
  '(-o --output)'{-o+,--output=}'[program file to write]:program:_files -g "*.(etc|c)(-.)"' \
  '*--method=[a further method and its model file]:NAME=FILE:_etc_compile_method' \
  '--cpu=[CPU to compile for]:CPU:(native generic x86-64 x86-64-v2 x86-64-v3 x86-64-v4 armv8-a)' \
  '--precision=[of the weights of linear layers, convolutions and LSTMs]:dtype:(f32 bf16 f16)' \
  '*--max-dim=[largest size of an input along an axis]:INPUT.AXIS=N' \
  '*--pool=[a pool of memory, fastest first]:NAME=SIZE' \
  '--optimize-for=[what the plan is good for]:goal:(memory latency)' \
  '--planner=[who decides where values lie]:planner:(search greedy no-reuse exec\:)' \
  '--planner-timeout=[seconds that exec:CMD has for one pool]:seconds' \
  '*--backend=[give what it takes to this backend]:backend:(reference xnnpack onednn)' \
  '--explain-partition[print what backends took and left, and why]' \
  '*--disable-pass=[leave an optional pass out]:pass:_etc_compile_passes' \
  '*--external=[leave these ops to a table at run time]:pattern' \
  '*--plugin=[a library that adds passes, planners and backends]:library:_files -g "*.so(-.)"' \
  '--dump-ir=-[print the IR after a stage]::stage:_etc_compile_stages' \
  '--time-passes[print how long each stage took]' \
  '--emit=[what to write]:kind:(etc c)' \
  '--symbol=[name of the array in C]:name:' \
  '--strip[leave out names and source lines]' \
  '--format=[format of the report]:format:(text json)' \
  '1:model:_files -g "*.pt2(-.)"'
