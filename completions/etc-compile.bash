# bash completion of etc-compile
_etc_compile() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words assigned=
  # bash splits words at "=": --format=json arrives as --format, =, json.
  if [[ $cur == '=' ]]; then
    cur= assigned=1
  elif [[ $prev == '=' && $COMP_CWORD -gt 1 ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]} assigned=1
  fi
  local passes='/^Passes/,$ s/^  \([a-z-]*\)  *[^ ].*/\1/p'
  case $prev in
    --cpu) words='native generic x86-64 x86-64-v2 x86-64-v3 x86-64-v4 armv8-a' ;;
    --precision) words='f32 bf16 f16' ;;
    --optimize-for) words='memory latency' ;;
    --planner) words='search greedy no-reuse exec:' ;;
    --format) words='text json' ;;
    --emit) words='etc c' ;;
    --symbol | --external) return ;;
    --backend) words='reference xnnpack onednn' ;;
    --disable-pass) words=$("$1" --help 2>/dev/null | sed -n "/always runs/d;$passes") ;;
    --dump-ir) [[ -n $assigned ]] && words="all import $("$1" --help 2>/dev/null | sed -n "$passes")" ;;
    --plugin) mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.so' -- "$cur"); return ;;
    -o | --output) mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.etc' -- "$cur"; compgen -f -X '!*.c' -- "$cur"); return ;;
  esac
  if [[ -z $words && $cur == -* ]]; then
    words='--help --version --output --method --cpu --precision --pool --max-dim --optimize-for --planner --planner-timeout --backend --explain-partition --external --plugin --disable-pass --dump-ir --time-passes --emit --symbol --strip --format -h -o'
  fi
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur" | sort -u)
  else
    mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.pt2' -- "$cur")
  fi
}
complete -o filenames -F _etc_compile etc-compile
