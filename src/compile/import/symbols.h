// The symbols of a .pt2: their ranges, what binds them, and the expressions over them as the IR's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "import/exported.h"
#include "import/expression.h"
#include "ir/builder.h"

namespace etc::compile {

// Upper bounds that the user gives: "x.0" (input and axis) or a symbol, "u0".
using MaxDims = std::map<std::string, int64_t>;

// Which of them a model knows, and the names of the dimensions that it has.
struct BoundUse {
  std::set<std::string> known, names;
};

class Symbols {
 public:
  // Declares the symbols of all inputs. CompileError (kUsage) for a bound that cannot be.
  Symbols(const exported::ExportedProgram& program, const exported::Graph& graph, const MaxDims& bounds, Builder& builder);

  // The same symbols inside of a body, whose nodes `builder` makes.
  Symbols(const Symbols& outer, Builder& builder);

  // The number of an expression; empty when one of its symbols is not defined yet.
  std::optional<SymInt> integer(const exported::SymInt& n);
  std::optional<Argument> number(const exported::Expression& e);  // of any kind; conditions are integers 0 and 1
  // Sizes of a value of the file; empty when one is not defined yet.
  std::optional<Sizes> sizes(const std::vector<exported::SymInt>& list);
  // The one symbol that the expression names and nothing has defined; empty when there is none, or more.
  std::optional<std::string> undefined_symbol(const exported::Expression& e);

  // `name` is this number from now on.
  void define(const std::string& name, SymRef number) { defined_[name] = std::move(number); }
  // What an op that reads data is to call the symbols that it makes, when the file calls the number `e`.
  void announce(const exported::Expression& e);
  // A new symbol of the graph with the range that the file states for this one.
  SymRef new_symbol(const std::string& name) {
    return sym_symbol(b_.graph().add_symbol(name, std::max<int64_t>(lower_of(name), 0), upper_of(name)));
  }

  // Adds what guards demand as checks; call when all inputs are there.
  void add_guards();

  struct Dim {
    std::string input;
    int64_t axis = 0;
    SymInt size;
  };
  const std::vector<Dim>& input_dims() const { return dims_; }
  static std::string name_of(const Dim& d) { return d.input + "." + std::to_string(d.axis); }
  void note_bounds(BoundUse* use) const;

 private:
  SymRef find(const std::string& name);
  void declare_inputs();
  void find_bounds();
  int64_t lower_of(const std::string& name) const;
  int64_t upper_of(const std::string& name) const;
  SymRef function(const std::string& name, const std::vector<SymRef>& args);

  const exported::ExportedProgram& program_;
  const exported::Graph& graph_;
  const MaxDims& bounds_;
  Builder& b_;
  std::unordered_map<std::string, SymRef> defined_;
  std::map<std::string, int64_t> upper_;               // that bounds of inputs give their symbols
  std::map<std::string, int64_t> divisor_;             // that guards demand of symbols
  std::unordered_map<std::string, SymRef> functions_;  // by text
  std::vector<Dim> dims_;
};

}  // namespace etc::compile
