// One op call through a C interface, for the Python tests that compare with PyTorch (etc_op.py): either our kernel directly, or the way
// the compiler takes it (Builder: defaults, decomposition, promotion), run by the interpreter.
#include <cstdio>
#include <cstring>
#include <deque>

#include "ir/builder.h"
#include "ir/error.h"
#include "ir/graph.h"
#include "ir/interpret.h"
#include "ir/one_op.h"

extern "C" {

struct EtcTensor {
  int32_t dtype;  // etc::DType; -1 for None
  int32_t rank;
  int64_t sizes[16], strides[16];
  void* data;            // arguments: the caller's; results: freed by etc_op_free
  int64_t begin, bytes;  // arguments: the storage that data lies in, relative to data, in bytes
};

// kind: 0 none, 1 tensor, 2 int, 3 real, 4 bool, 5 string, 6 tensors, 7 ints, 8 reals, 9 bools
struct EtcArgument {
  int32_t kind, count;
  int64_t integer;
  double real;
  const char* text;
  const int64_t* ints;
  const double* reals;
  const EtcTensor* tensors;
  const char* name;  // keyword, or null for the next position
};

// 0: done; 1: our answer is an error, `message` says which; 2: no such op or kernel.
int etc_op_run(const char* name, int direct, const EtcArgument* args, int count, EtcTensor* results, int* result_count, char* message,
               int message_size);
void etc_op_free(EtcTensor* results, int count);
// Calls that draw random numbers begin with this seed, each anew; 0 at first.
void etc_op_seed(uint64_t seed);
}

namespace {

using namespace etc;
using namespace etc::compile;

uint64_t seed = 0;

class Runner {
 public:
  explicit Runner(const char* name) : name_(name) {}

  Argument argument(const EtcArgument& a) {
    switch (a.kind) {
      case 1: return tensor(a.tensors[0]);
      case 2: return a.integer;
      case 3: return a.real;
      case 4: return a.integer != 0;
      case 5: return std::string(a.text);
      case 6: {
        Values list;
        for (int i = 0; i < a.count; ++i) list.push_back(tensor(a.tensors[i]));
        return list;
      }
      case 7: return std::vector<int64_t>(a.ints, a.ints + a.count);
      case 8: return std::vector<double>(a.reals, a.reals + a.count);
      case 9: return std::vector<bool>(a.ints, a.ints + a.count);
      default: return None{};
    }
  }

  // The whole storage becomes a flat input, the tensor a view on it.
  Value* tensor(const EtcTensor& t) {
    if (t.dtype < 0) return nullptr;
    const auto dtype = static_cast<DType>(t.dtype);
    const int64_t width = size_in_bytes(dtype);
    Sizes sizes(t.sizes, t.sizes + t.rank), strides(t.strides, t.strides + t.rank);
    const auto* start = static_cast<const std::byte*>(t.data) + t.begin;
    TensorType type(dtype, sizes, strides);
    if (type.is_contiguous()) {
      Value* v = graph_.add_input("in", TensorType(dtype, sizes));
      env_[v] = {nullptr, static_cast<const std::byte*>(t.data), static_cast<uint64_t>(type.bytes())};
      return v;
    }
    Value* root = graph_.add_input("in", TensorType(dtype, {t.bytes / width}));
    env_[root] = {nullptr, start, static_cast<uint64_t>(t.bytes)};
    return graph_.add_node("etc::view", {root, sizes, strides, -t.begin / width}, {type})->results[0];
  }

  int run(bool direct, const EtcArgument* args, int count, std::vector<Value*>* results) {
    const Schema* schema = nullptr;
    static std::unordered_map<std::string, Schema> parsed;
    if (direct) {
      const Op* op = find_kernel_op(name_);
      if (!op) throw UnknownOp(name_);
      schema = &parsed.try_emplace(name_, parse_schema(op->schema)).first->second;
    } else {
      schema = Builder::schema_of(name_);
      if (!schema) throw UnknownOp(name_);
    }
    std::vector<Argument> given(schema->arguments.size());
    for (size_t i = 0; i < given.size(); ++i)
      if (schema->arguments[i].default_value) given[i] = *schema->arguments[i].default_value;
    for (int i = 0; i < count; ++i) {
      const int at = args[i].name ? schema->find(args[i].name) : i;
      if (at < 0 || at >= static_cast<int>(given.size())) throw CompileError("no such argument");
      given[at] = argument(args[i]);
    }
    if (!direct) {
      Generator generator(graph_, Generator::Home::Method);
      Builder builder(graph_);
      builder.set_generator(&generator);
      for (const Argument& a : builder.call(name_, given)) append(a, results);
      const uint64_t state[] = {seed, 0};
      if (generator.first()) env_[generator.first()] = ConstantData::copy_of(state, sizeof state);
    } else {
      OneOp one(*find_kernel_op(name_), given);
      std::vector<TensorType> types;
      if (Error e = one.infer(&types); e != Error::Ok) throw CompileError("infer answers error " + std::to_string(static_cast<int>(e)));
      *results = graph_.add_node(name_, given, types)->results;
    }
    run_graph(graph_, env_);
    return 0;
  }

  void append(const Argument& a, std::vector<Value*>* results) {
    if (auto* v = std::get_if<Value*>(&a)) results->push_back(*v);
    if (auto* list = std::get_if<Values>(&a)) results->insert(results->end(), list->begin(), list->end());
  }

  ConstantData read(const Value* v) { return gather(v, env_); }

 private:
  std::string name_;
  Graph graph_;
  Environment env_;
};

}  // namespace

int etc_op_run(const char* name, int direct, const EtcArgument* args, int count, EtcTensor* results, int* result_count, char* message,
               int message_size) {
  try {
    Runner runner(name);
    std::vector<Value*> values;
    runner.run(direct != 0, args, count, &values);
    const int room = *result_count;
    *result_count = static_cast<int>(values.size());
    if (*result_count > room) throw CompileError("more results than the caller has room for");
    for (size_t i = 0; i < values.size(); ++i) {
      const TensorType& type = values[i]->type;
      ConstantData data = runner.read(values[i]);
      EtcTensor& r = results[i];
      r.dtype = static_cast<int32_t>(type.dtype);
      r.rank = static_cast<int32_t>(type.sizes.size());
      for (size_t d = 0; d < type.sizes.size(); ++d) r.sizes[d] = type.sizes[d];
      r.bytes = static_cast<int64_t>(data.bytes);
      r.data = ::operator new(data.bytes + 1);
      std::memcpy(r.data, data.data, data.bytes);
    }
    return 0;
  } catch (const UnknownOp& e) {
    std::snprintf(message, static_cast<size_t>(message_size), "%s", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::snprintf(message, static_cast<size_t>(message_size), "%s", e.what());
    return 1;
  }
}

void etc_op_seed(uint64_t s) { seed = s; }

void etc_op_free(EtcTensor* results, int count) {
  for (int i = 0; i < count; ++i) ::operator delete(results[i].data);
}
