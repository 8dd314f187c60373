// Patterns: reading their text, matching, replacing; see pattern.h.
#include "passes/pattern.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <set>
#include <unordered_map>

#include "ir/error.h"
#include "passes/rewrite.h"

namespace etc::compile {
namespace {

struct Pattern {
  enum class Kind { Any, Capture, Literal, Call };
  Kind kind = Kind::Any;
  std::string name;  // of the capture or op
  Argument literal;
  std::vector<Pattern> args;
};

class PatternParser {
 public:
  explicit PatternParser(const std::string& text) : text_(text) {}
  Pattern parse() {
    Pattern p = pattern();
    if (peek() || p.kind != Pattern::Kind::Call) fail("is not one call of an op");
    return p;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw CompileError("pattern \"" + text_ + "\" " + what + " (character " + std::to_string(at_) + ")");
  }
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) { return peek() == c ? ++at_, true : false; }
  void expect(char c) {
    if (!accept(c)) fail(std::string("lacks a ") + c);
  }
  std::string word() {
    peek();
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || std::strchr("_.:+-", text_[at_]))) ++at_;
    return text_.substr(start, at_ - start);
  }
  Argument number(const std::string& text) const {
    char* end = nullptr;
    const bool is_real = text.find_first_of(".einf") != std::string::npos;
    const Argument value =
        is_real ? Argument(std::strtod(text.c_str(), &end)) : Argument(static_cast<int64_t>(std::strtoll(text.c_str(), &end, 10)));
    if (text.empty() || *end) fail("has a word that is no literal: " + text);
    return value;
  }

  Pattern pattern() {
    Pattern p;
    if (accept('?')) {
      p.name = word();
      p.kind = p.name.empty() ? Pattern::Kind::Any : Pattern::Kind::Capture;
    } else if (accept('[')) {
      p.kind = Pattern::Kind::Literal;
      p.literal = list();
    } else {
      p.name = word();
      if (accept('(')) {
        p.kind = Pattern::Kind::Call;
        if (!accept(')')) {
          do p.args.push_back(pattern());
          while (accept(','));
          expect(')');
        }
      } else {
        p.kind = Pattern::Kind::Literal;
        p.literal = p.name == "none"    ? Argument(None{})
                    : p.name == "true"  ? Argument(true)
                    : p.name == "false" ? Argument(false)
                                        : number(p.name);
      }
    }
    return p;
  }
  Argument list() {
    Sizes ints;
    std::vector<double> reals;
    while (!accept(']')) {
      const Argument n = number(word());
      if (auto* i = std::get_if<int64_t>(&n)) ints.push_back(*i);
      if (auto* x = std::get_if<double>(&n)) reals.push_back(*x);
      if (peek() != ']') expect(',');
    }
    if (!ints.empty() && !reals.empty()) fail("mixes integers and reals in a list");
    return reals.empty() ? Argument(ints) : Argument(reals);
  }

  const std::string& text_;
  size_t at_ = 0;
};

class Matcher {
 public:
  using Uses = std::unordered_map<const Value*, int>;
  explicit Matcher(const Uses& uses) : uses_(uses) {}

  bool matches_all(const Pattern& p, const Node& root) {
    if (!matches(p, root)) return false;
    // What is computed inside of the expression is used there and nowhere else.
    std::unordered_map<const Value*, int> inside;
    for (const Node* node : matched_) for_each_operand(*node, [&](const Value* v) { ++inside[v]; });
    return std::all_of(matched_.begin(), matched_.end(),
                       [&](const Node* node) { return node == &root || uses_of(node->results[0]) == inside[node->results[0]]; });
  }

  std::map<std::string, Argument> captures;

 private:
  int uses_of(const Value* v) const {
    auto it = uses_.find(v);
    return it == uses_.end() ? 0 : it->second;
  }

  bool matches(const Pattern& p, const Node& node) {
    if (node.op != p.name || node.is_external() || node.results.empty() || p.args.size() > node.args.size()) return false;
    for (size_t i = 1; i < node.results.size(); ++i)
      if (uses_of(node.results[i]) != 0) return false;
    for (size_t i = 0; i < p.args.size(); ++i)
      if (!matches(p.args[i], node.args[i])) return false;
    return rest_is_default(node, p.args.size()) && (matched_.insert(&node), true);
  }

  bool matches(const Pattern& p, const Argument& a) {
    switch (p.kind) {
      case Pattern::Kind::Any: return true;
      case Pattern::Kind::Capture: return captures.emplace(p.name, a).first->second == a;
      case Pattern::Kind::Literal: return p.literal == a;
      case Pattern::Kind::Call: {
        auto* v = std::get_if<Value*>(&a);
        const Node* producer = v && *v ? (*v)->producer : nullptr;
        return producer && producer->results[0] == *v && matches(p, *producer);
      }
    }
    return false;
  }

  static bool rest_is_default(const Node& node, size_t first) {
    if (first == node.args.size()) return true;
    const Schema* schema = Builder::schema_of(node.op);
    for (size_t i = first; i < node.args.size(); ++i)
      if (!schema || i >= schema->arguments.size() || schema->arguments[i].default_value != node.args[i]) return false;
    return true;
  }

  const Uses& uses_;
  std::set<const Node*> matched_;
};

void replace(Graph& graph, Value* old, Value* fresh, Builder& builder, const std::string& pattern) {
  if (fresh->type.dtype != old->type.dtype || fresh->type.sizes != old->type.sizes)
    throw CompileError("the replacement of \"" + pattern + "\" at %" + old->name + " is %" + fresh->name + " of another type");
  if (replace_root(graph, old, fresh)) return;
  graph.replace_uses({{old, builder.copy(fresh)}});
}

}  // namespace

const Argument& Match::argument(const std::string& capture) const {
  auto it = captures.find(capture);
  if (it == captures.end()) throw CompileError("the pattern captures no ?" + capture);
  return it->second;
}
Value* Match::value(const std::string& capture) const {
  if (auto* v = std::get_if<Value*>(&argument(capture)); v && *v) return *v;
  throw CompileError("?" + capture + " is no tensor");
}
int64_t Match::integer(const std::string& capture) const {
  if (auto* n = std::get_if<int64_t>(&argument(capture))) return *n;
  throw CompileError("?" + capture + " is no integer");
}
double Match::real(const std::string& capture) const {
  Argument a = argument(capture);
  if (auto* v = std::get_if<Value*>(&a); v && *v) a = const_cast<Builder&>(builder_).number_in(*v).value_or(None{});
  if (auto* x = std::get_if<double>(&a)) return *x;
  if (auto* n = std::get_if<int64_t>(&a)) return static_cast<double>(*n);
  throw CompileError("?" + capture + " is no number");
}

Value* Match::external(const std::string& op, const std::vector<std::pair<std::string, Argument>>& arguments,
                       std::vector<TensorType> results) {
  std::vector<Argument> args;
  for (const auto& [name, argument] : arguments) args.push_back(argument);
  Node* node = builder_.graph().insert_node(at_, op, std::move(args), std::move(results), (*at_)->source);
  node->external = true;
  for (const auto& [name, argument] : arguments) node->arg_names.push_back(name);
  return node->results.at(0);
}

bool rewrite(Graph& graph, const std::string& pattern, const std::function<Value*(Match&)>& replacement) {
  const Pattern parsed = PatternParser(pattern).parse();
  auto uses = graph.use_counts();
  bool changed = false;
  for (auto it = graph.nodes.begin(); it != graph.nodes.end(); ++it) {
    Matcher matcher(uses);
    if (!matcher.matches_all(parsed, **it)) continue;
    Match match(graph, it);
    match.captures = std::move(matcher.captures);
    Value* fresh = replacement(match);
    if (!fresh || fresh == match.result()) continue;
    replace(graph, match.result(), fresh, match.build(), pattern);
    uses = graph.use_counts();
    changed = true;
  }
  return changed && (graph.remove_dead(), true);
}

}  // namespace etc::compile
