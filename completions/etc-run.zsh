#compdef etc-run

_etc_run_input() {
  compset -P '[^./]*='
  _files -g '*.np[yz](-.)'
}

_arguments -s \
  '(- *)'{-h,--help}'[print a summary of the options]' \
  '(- *)--version[print the version]' \
  '(-o --output)'{-o+,--output=}'[write the outputs to a file]:file:_files -g "*.npz(-.)"' \
  '--method=[method to run]:method: ' \
  '--expect=[compare the outputs with these arrays]:file:_files -g "*.np[yz](-.)"' \
  '--rtol=[relative tolerance of --expect]:tolerance: ' \
  '--atol=[absolute tolerance of --expect]:tolerance: ' \
  '--repeat=[run several times and report the time]:runs: ' \
  '--warmup=[run several times before, not timed]:runs: ' \
  '--threads=[threads inside of ops]:threads: ' \
  '--async[run instructions side by side]' \
  '--max-instructions=[stop a run after so many instructions]:instructions: ' \
  '*--ops=[ops from a library]:library:_files -g "*.so(-.)"' \
  '*--backend=[a backend from a library]:library:_files -g "*.so(-.)"' \
  '--profile=[write when each instruction ran]:file:_files -g "*.json(-.)"' \
  '*--dump-value=[print this value too]:name: ' \
  '--compare-with=[find the first value that departs]:file:_files -g "*.npz(-.)"' \
  '--load-state=[state to begin with]:file:_files -g "*.np[yz](-.)"' \
  '--save-state=[write the state after the last run]:file:_files -g "*.npz(-.)"' \
  '--seed=[seed of the random numbers]:seed: ' \
  '--format=[format of what is printed]:format:(text json)' \
  '1:program:_files -g "*.etc(-.)"' \
  '*:input:_etc_run_input'
