// The second half of verification: what one call of an op must keep to, now that the op is known and memory is in place.
#pragma once

#include "etc/op.h"

namespace etc {

// How far values of one type reach: the last one that load has looked at, as the next is often of the same.
struct Reach {
  uint64_t lists = 0;
  uint16_t type = 0xffff;  // none
  bool in_order = false;   // no two elements are one
  size_t bytes = 0;
};

// The operands are those of the op's schema, in number and kind; and what check_sizes says, unless `reach` is null: then sizes are known
// only when it runs. All values still lie where the file places them. BadProgram otherwise; `*operand` then is the position to blame, or
// Fault::kNowhere.
Error check_call(OpContext ctx, const Op& op, uint32_t operand_count, Reach* reach, uint32_t* operand) noexcept;

// For operands that check_call has accepted. Ok when
//   - `infer` accepts the arguments and gives the dtypes and sizes that the results have;
//   - results and arguments that the op writes may be written, do not overlap themselves, and share no byte with another operand or the
//     scratch, except that result 0 may lie exactly where an argument lies that the op declares `in_place`;
//   - the scratch that the op asks for is there.
// BadProgram otherwise; `*operand` as above. Results of an op with `sizes_from_data` that are dynamic values get the sizes that `infer`
// gives; the others must have them.
Error check_sizes(OpContext ctx, const Op& op, uint32_t operand_count, uint32_t* operand) noexcept;

// How many results a call with so many operands has; operands were checked.
inline uint32_t result_count(const Op& op, uint32_t operand_count) {
  return op.signature.result_list ? operand_count - op.signature.arguments : op.signature.results;
}

// The part of it that is about memory, for calls of any kind: `arguments` operands, then `results` tensors. Bit i of `in_place`: result 0
// may lie where argument i lies. `scratch_bytes` 0: there is none.
struct CallPlaces {
  uint32_t arguments, results;
  uint16_t in_place;
  uint64_t scratch_bytes;
  uint32_t written = 0;  // bit i: the call writes argument i, which shares no byte with the others; results may lie exactly there
};
Error check_places(OpContext ctx, const CallPlaces& call, uint32_t* operand) noexcept;

}  // namespace etc
