// Reading Cap'n Proto where it lies: one segment, struct and list pointers, nothing else.
//
// A pointer is one word, little-endian:
//
//   struct   | 0 (2) | offset (30, signed) | data words (16) | pointer words (16) |
//   list     | 1 (2) | offset (30, signed) | element size (3) | count (29)        |
//
// `offset` counts words from the end of the pointer. A list of structs (element size 7) has its number of words in `count`, and
// starts with a tag word of the form of a struct pointer, whose `offset` is the number of elements.
//
// A Reader accepts only lists whose elements have exactly the words of the type asked for, so that they can be used in place as
// arrays of plain structs. What it has accepted once is read again by list_at without checks.
#pragma once

#include "etc/base.h"

namespace etc::wire {

using Word = uint64_t;

constexpr uint32_t kComposite = 7;

// The element size code of a list of T: records (structs that say kDataWords and kPointerWords) are composite, the rest numbers.
template <class T, class = void>
struct Element {
  static constexpr uint32_t kCode = sizeof(T) == 1 ? 2 : sizeof(T) == 2 ? 3 : sizeof(T) == 4 ? 4 : 5;
  static constexpr uint32_t kShape = 0;
};
template <class T>
struct Element<T, decltype(void(T::kPointerWords))> {
  static_assert(sizeof(T) == 8 * (T::kDataWords + T::kPointerWords), "a record has the layout of its words");
  static constexpr uint32_t kCode = kComposite;
  static constexpr uint32_t kShape = T::kDataWords | T::kPointerWords << 16;  // the upper half of the tag
};

inline const Word* target_of(const Word* pointer) { return pointer + 1 + (static_cast<int32_t>(static_cast<uint32_t>(*pointer)) >> 2); }

// First element and number of elements of an accepted list.
Span<const Word> elements_at(const Word& pointer) noexcept;

// The list at a pointer that a Reader has accepted as a list of T; empty for a null pointer.
template <class T>
Span<const T> list_at(const Word& pointer) {
  const Span<const Word> elements = elements_at(pointer);
  return {reinterpret_cast<const T*>(elements.data), elements.size};
}

// What a pointer of a record leads to: a list of T, or nothing that is ever read.
struct Kind {
  uint32_t code, shape;
};
template <class T>
constexpr Kind kListOf = {Element<T>::kCode, Element<T>::kShape};
constexpr Kind kUnread = {0, 0};

// The root struct of a segment that a Reader has accepted.
template <class T>
const T& root_of(const Word* segment) {
  return *reinterpret_cast<const T*>(target_of(segment));
}

// Accepts pointers. Each word of the segment is paid for once: objects that overlap, or pointers that form a circle, exhaust the
// segment's words, so all that a Reader ever accepts is as long as the segment at most.
class Reader {
 public:
  explicit Reader(Span<const Word> segment) : segment_(segment), left_(segment.size) {}

  // The segment's first word points to a struct with exactly the words of T.
  template <class T>
  bool accept_root() {
    return accept_struct(Element<T>::kShape);
  }
  // Null pointers, or lists of these kinds. They lie in an object that was accepted.
  bool accept_lists(const Word* pointers, Span<const Kind> kinds);

 private:
  bool accept_struct(uint32_t shape);
  bool accept(const Word* pointer, Kind kind);
  bool pay(const Word* pointer, uint64_t words);

  Span<const Word> segment_;
  uint64_t left_;
};

}  // namespace etc::wire
