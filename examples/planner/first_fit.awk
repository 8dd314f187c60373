# A memory planner in a page of awk: the largest buffer first, each at the lowest place that is free while it lives.
#
#   etc-compile --planner 'exec:awk -f first_fit.awk' model.pt2
#
# In: CSV id,lower,upper,size on standard input, the capacity as argument. Out: CSV id,offset. Exit 1 when it does not fit.

BEGIN {
  FS = ","
  capacity = ARGV[1]
  ARGC = 1 # the argument is a number, not a file to read
  n = 0
}

NR > 1 { id[n] = $1; lower[n] = $2 + 0; upper[n] = $3 + 0; size[n] = $4 + 0; n++ }

# The lowest offset from which buffer b meets no buffer that is placed already.
function lowest_gap(b,    at, p, moved) {
  at = 0
  do {
    moved = 0
    for (p in offset)
      if (lower[p] < upper[b] && lower[b] < upper[p] && offset[p] < at + size[b] && at < offset[p] + size[p]) {
        at = offset[p] + size[p]
        moved = 1
      }
  } while (moved)
  return at
}

END {
  print "id,offset"
  for (placed = 0; placed < n; placed++) {
    best = -1
    for (b = 0; b < n; b++)
      if (!(b in offset) && (best < 0 || size[b] > size[best])) best = b
    at = lowest_gap(best) # before offset[best] comes to be
    if (at + size[best] > capacity) exit 1
    offset[best] = at
    printf "%s,%.0f\n", id[best], at
  }
}
