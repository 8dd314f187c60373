# bash completion of etc-run
_etc_run() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words endings='npy npz' word
  # bash splits words at "=": --format=json arrives as --format, =, json, and image=seven.npy as image, =, seven.npy.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' && $COMP_CWORD -gt 1 ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $prev in
    --format) words='text json' ;;
    --method | --dump-value | --seed | --rtol | --atol | --repeat | --warmup | --threads | --max-instructions) COMPREPLY=(); return ;;
    --expect | --compare-with | --load-state) endings='npz npy' ;;
    --save-state | -o | --output) endings='npz' ;;
    --ops | --backend) endings='so' ;;
    --profile) endings='json' ;;
    *)
      # The first file is the program.
      endings='etc npy npz'
      for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == *.etc ]] && endings='npy npz'
      done
      if [[ $cur == -* ]]; then
        words='--help --version --output --method --expect --rtol --atol --repeat --warmup --threads --async --max-instructions --ops --backend --profile --dump-value --compare-with --load-state
          --save-state --seed --format -h -o'
      fi
      ;;
  esac
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -d -- "$cur"; for word in $endings; do compgen -f -X "!*.$word" -- "$cur"; done)
  fi
}
complete -o filenames -F _etc_run etc-run
