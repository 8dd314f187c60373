# fish completion of etc-run
function __etc_run_has_program
    string match -q -- '*.etc' (commandline -opc)
end

complete -c etc-run -f -n 'not __etc_run_has_program' -k -a '(__fish_complete_suffix .etc)'
complete -c etc-run -f -n __etc_run_has_program -k -a '(__fish_complete_suffix .npy; __fish_complete_suffix .npz)'
complete -c etc-run -f -s h -l help -d 'Print a summary of the options'
complete -c etc-run -f -l version -d 'Print the version'
complete -c etc-run -r -f -s o -l output -k -a '(__fish_complete_suffix .npz)' -d 'Write the outputs to a file'
complete -c etc-run -x -l method -d 'Method to run'
complete -c etc-run -r -f -l expect -k -a '(__fish_complete_suffix .npz)' -d 'Compare the outputs with these arrays'
complete -c etc-run -x -l rtol -d 'Relative tolerance of --expect'
complete -c etc-run -x -l atol -d 'Absolute tolerance of --expect'
complete -c etc-run -x -l repeat -d 'Run several times and report the time'
complete -c etc-run -x -l warmup -d 'Run several times before, not timed'
complete -c etc-run -x -l threads -d 'Threads inside of ops'
complete -c etc-run -f -l async -d 'Run instructions side by side'
complete -c etc-run -x -l max-instructions -d 'Stop a run after so many instructions'
complete -c etc-run -r -f -l ops -k -a '(__fish_complete_suffix .so)' -d 'Ops from a library'
complete -c etc-run -r -f -l backend -k -a '(__fish_complete_suffix .so)' -d 'A backend from a library'
complete -c etc-run -r -f -l profile -k -a '(__fish_complete_suffix .json)' -d 'Write when each instruction ran'
complete -c etc-run -x -l dump-value -d 'Print this value too'
complete -c etc-run -r -f -l compare-with -k -a '(__fish_complete_suffix .npz)' -d 'Find the first value that departs'
complete -c etc-run -r -f -l load-state -k -a '(__fish_complete_suffix .npz)' -d 'State to begin with'
complete -c etc-run -r -f -l save-state -k -a '(__fish_complete_suffix .npz)' -d 'Write the state after the last run'
complete -c etc-run -x -l seed -d 'Seed of the random numbers'
complete -c etc-run -x -l format -a 'text json' -d 'Format of what is printed'
