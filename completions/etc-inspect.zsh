#compdef etc-inspect

_etc_inspect_format() {
  if (( $words[(I)--plan] )); then
    compadd text json svg html
  else
    compadd text json
  fi
}

local reports='--io --plan --graph --ops --size --verify --diff --solve'
_arguments -s \
  '(- *)'{-h,--help}'[print a summary of the options]' \
  '(- *)--version[print the version]' \
  "($reports)--io[inputs, outputs and states]" \
  "($reports)--plan[every value with its place, lifetime and source]" \
  "($reports)--graph[the instructions]" \
  "($reports)--ops[the ops and their dtypes, over all programs]" \
  "($reports)--size[the exact bytes that a run needs]" \
  "($reports)--verify[prove that the plan is right]" \
  "($reports *)--diff[what two programs do differently]:program:_files -g '*.etc(-.)':program:_files -g '*.etc(-.)'" \
  "($reports *)--solve=[pack the lifetimes of a CSV file]:problem:_files -g '*.csv(-.)'" \
  '--abi=[machine that --size is for]:ABI:(lp64 ilp32)' \
  '--capacity=[bytes for --solve]:bytes: ' \
  '--format=[format of the report]:format:_etc_inspect_format' \
  '(-o --output)'{-o+,--output=}'[write the report to a file]:file:_files' \
  '*:program:_files -g "*.etc(-.)"'
