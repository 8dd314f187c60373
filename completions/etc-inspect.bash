# bash completion of etc-inspect
_etc_inspect() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words ending='etc'
  # bash splits words at "=": --format=json arrives as --format, =, json.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' && $COMP_CWORD -gt 1 ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $prev in
    --format) words='text json'; [[ " ${COMP_WORDS[*]} " == *' --plan '* ]] && words+=' svg html' ;;
    --abi) words='lp64 ilp32' ;;
    --capacity) COMPREPLY=(); return ;;
    --solve) ending='csv' ;;
    -o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    *)
      if [[ $cur == -* ]]; then
        words='--help --version --io --plan --graph --ops --size --abi --verify --diff --solve --capacity --format --output -h -o'
      fi
      ;;
  esac
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X "!*.$ending" -- "$cur")
  fi
}
complete -o filenames -F _etc_inspect etc-inspect
