// Calls of external ops. The compiler does not know their schemas, so the file gives arguments by name; loading puts them into the
// schema's order and adds the defaults that its text states. From then on an external call is like any other.
//
//   file    | none | "alpha" | 2.0 | "x!" | %4 | %5 |         name, argument, …, then results
//   arena   | none | %5 | 2.0 | none |                        for mylib::scale(Tensor(a!) x, float alpha=1, int[]? dims=None) -> ()
//
// A name that ends in "!" belongs to an argument that the op writes. It lies in memory of its own, where one of the last results says
// what it has become: these results follow the others, in the order of such arguments.
//
// The arena of a method with such calls gets one more part, with which its frame works in place of the file's lists:
//
//   | operands of the file, then the bound calls' | slots of integer defaults | reals of the file, + ours | text of the file, + ours |
#pragma once

#include "format.h"
#include "parts.h"
#include "schema_text.h"

namespace etc {

// What binding adds to the lists.
struct ExternalCounts {
  uint32_t operands = 0, slots = 0, reals = 0, chars = 0;
};

#if !ETC_CORE_EXTERNAL

// Programs with such calls are refused.
class ExternalCalls {
 public:
  ExternalCalls(const format::Program&, const format::Method&) {}
  Error bind(const format::Instruction&, const Op&, uint32_t*) { return Error::MissingOp; }
  uint32_t first_operand() const { return 0; }
  uint32_t operand_count() const { return 0; }
  ExternalCounts counts() const { return {}; }
  uint64_t bytes(const ExternalCounts&) const { return 0; }
  void use(const ExternalCounts&, std::byte*, Frame*) {}
};

#else

// Binds one call after the other; counts them only, until memory is there.
class ExternalCalls {
 public:
  ExternalCalls(const format::Program& program, const format::Method& method);

  // MissingOp: the call does not fit the schema of the op that a table has for its name. BadProgram: the file is wrong. `operand` counts
  // from the call's first in the file.
  Error bind(const format::Instruction& call, const Op& op, uint32_t* operand);
  // Of the call that was bound last.
  uint32_t first_operand() const { return first_operand_; }
  uint32_t operand_count() const { return operands_.size - first_operand_; }

  ExternalCounts counts() const { return {operands_.added(), slots_.added(), reals_.added(), chars_.added()}; }
  uint64_t bytes(const ExternalCounts& counts) const;
  // From now on binding writes to `memory`, which has bytes(counts), and the frame reads there.
  void use(const ExternalCounts& counts, std::byte* memory, Frame* frame);

 private:
  template <class T>
  struct Part {
    T* data;  // null while counting
    uint64_t first, size;
    void push(const T& value) {
      if (data) data[size] = value;
      ++size;
    }
    uint32_t added() const { return static_cast<uint32_t>(size - first); }
  };
  template <class T>
  static Part<T> part_at(std::byte** at, Span<const T> file, uint32_t added);

  const Operand& given(uint32_t i) const { return method_.operands()[call_->first_operand + i]; }
  Error read_call();
  Error bind_argument(const SchemaParameter& parameter, uint8_t kind, uint32_t* operand);
  Error bind_written(uint32_t argument, uint32_t result);
  Error bind_results(SchemaText& text, const Op& op, const char* written);
  void push_given(Operand operand, uint8_t kind);
  bool push_default(const SchemaParameter& parameter, uint8_t kind);
  bool push_list(const SchemaParameter& parameter, uint8_t kind);
  bool push_number(const char** text, const char* end, bool is_real);

  const format::Program& program_;
  const format::Method& method_;
  const Frame* frame_ = nullptr;
  const format::Instruction* call_ = nullptr;
  uint32_t named_ = 0;    // operands of the call before its results
  uint32_t written_ = 0;  // names with "!"
  uint32_t bound_ = 0;    // names that the schema has
  uint32_t first_operand_ = 0;
  Part<Operand> operands_;
  Part<Slot> slots_;
  Part<double> reals_;
  Part<char> chars_;
};

#endif

}  // namespace etc
