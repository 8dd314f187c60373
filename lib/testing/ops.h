// Ops that tests of the core call, and a method loaded into memory of its own.
#pragma once

#include <memory>
#include <vector>

#include "etc/method.h"
#include "testing/delegates.h"
#include "testing/file.h"

namespace etc::ops {
extern const Op test_add;       // (Tensor self, Tensor other) -> Tensor: f32, equal sizes, in place on both; prepared: the count
extern const Op test_less;      // (Tensor self, Tensor other) -> Tensor: 0-d bool of 0-d f32
extern const Op test_reverse;   // (Tensor self) -> Tensor: f32 vector, through scratch of its bytes
extern const Op test_positive;  // (Tensor self) -> Tensor: a copy; BadValue when an element is negative
extern const Op test_split;     // (Tensor self, int at) -> (Tensor, Tensor): f32 vector
extern const Op test_join;      // (Tensor[] tensors, Tensor?[] others) -> Tensor: sum over all of their elements, 0-d f32
extern const Op test_args;      // every kind of argument, see ops.cc
extern const Op test_keep;      // (Tensor self) -> Tensor: the positive elements of an f32 vector; the result decides its size
extern const Op test_huge;      // (Tensor self) -> Tensor: infer never says what the result is
}  // namespace etc::ops

namespace etc::testing {

extern const OpTable kTestOps;
inline const OpTable* const kTables[] = {&kTestOps};
inline const DelegateTable* const kDelegates[] = {&kTestDelegate, &kTestAsyncDelegate, &kTestRepeatDelegate};

// Memory for a method exactly as big as the program says, at multiples of 64, with nothing behind it.
class Loaded {
 public:
  explicit Loaded(const FileBytes& file, uint32_t method = 0);
  ~Loaded() {
    if (method) method->unload();
  }

  Program program;
  Error opened, loaded = Error::Ok;
  Fault fault;
  Method* method = nullptr;  // null when loading failed
  std::vector<FileBytes> pools;
  std::unique_ptr<FileBytes> arena, state;

  float* f32(const Tensor& t) const { return t.as<float>(); }
  float* input(uint32_t i = 0) const { return f32(method->input(i)); }
  float* output(uint32_t i = 0) const { return f32(method->output(i)); }
};

// x f32[4] -> output x + c + c, c = {1, 2, 3, 4}, the second sum in place; values 0 x, 1 c, 2 and 3 the sums.
FileSpec sum_file();
// Counts the 0-d input x up by 1 to the first number that is not below `limit`: blocks 0 (add, less), 1 (back), 2 (return).
FileSpec loop_file(float limit);

}  // namespace etc::testing
