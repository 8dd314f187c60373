// The key is 0 until somebody seeds the program.
#include "ir/generator.h"

#include "etc/program.h"
#include "ir/error.h"

namespace etc::compile {

TensorType generator_type() { return TensorType(DType::I64, {2}); }

Value* Generator::state() {
  if (state_) return state_;
  if (home_ == Home::Body) return first_ = state_ = graph_.add_input("generator", generator_type());
  for (const Value* s : graph_.states)
    if (s->label == kGeneratorState)
      throw CompileError("the model has a buffer '" + s->label + "', which is the name of the random generator");
  const int64_t initial[2] = {};
  return first_ = state_ = graph_.add_state(kGeneratorState, generator_type(), ConstantData::copy_of(initial, sizeof initial));
}

}  // namespace etc::compile
