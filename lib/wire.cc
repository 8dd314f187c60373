// Checks of pointers; see wire.h for their form.
#include "wire.h"

namespace etc::wire {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are used in place, and little-endian");

// True when the target's `words` lie inside the segment and have not been used up by other objects.
bool Reader::pay(const Word* pointer, uint64_t words) {
  const int64_t begin = (pointer - segment_.data) + 1 + (static_cast<int32_t>(static_cast<uint32_t>(*pointer)) >> 2);
  const int64_t size = static_cast<int64_t>(segment_.size);
  if (begin < 0 || begin > size || words > static_cast<uint64_t>(size - begin) || words > left_) return false;
  left_ -= words;
  return true;
}

bool Reader::accept_struct(uint32_t shape) {
  if (segment_.empty()) return false;
  const Word pointer = segment_[0];
  return (pointer & 3) == 0 && pointer >> 32 == shape && pay(segment_.data, (shape & 0xffff) + (shape >> 16));
}

bool Reader::accept(const Word* pointer, Kind kind) {
  const auto [code, shape] = kind;
  if (*pointer == 0 || code == kUnread.code) return true;
  if ((*pointer & 3) != 1 || ((*pointer >> 32) & 7) != code) return false;
  const uint64_t count = *pointer >> 35;
  if (code != kComposite) {
    const uint32_t bits_log2 = code + 1;  // codes 2 .. 5 are 8 .. 64 bits
    return pay(pointer, (count + (uint64_t{63} >> bits_log2)) >> (6 - bits_log2));
  }
  if (!pay(pointer, count + 1)) return false;
  const Word tag = *target_of(pointer);
  const uint64_t elements = static_cast<uint32_t>(tag) >> 2;
  return (tag & 3) == 0 && tag >> 32 == shape && elements * ((shape & 0xffff) + (shape >> 16)) == count;
}

bool Reader::accept_lists(const Word* pointers, Span<const Kind> kinds) {
  for (const Kind kind : kinds)
    if (!accept(pointers++, kind)) return false;
  return true;
}

Span<const Word> elements_at(const Word& pointer) noexcept {
  if (pointer == 0) return {};
  const Word* target = target_of(&pointer);
  const auto upper = static_cast<uint32_t>(pointer >> 32);
  if ((upper & 7) == kComposite) return {target + 1, static_cast<uint32_t>(*target) >> 2};
  return {target, upper >> 3};
}

}  // namespace etc::wire
