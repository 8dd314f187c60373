// Prints a graph, one line for each value:
//
//   graph forward {
//     input %x: f32[2,3]
//     state %cache: f32[4] "model.cache" = splat 0
//     const %w: f32[3] "fc.weight" = 1 2 3
//     %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
//     %y: f32[2,3] = aten::mul.Tensor(%x, %w)  @ model.py:12 layer1 mul_3
//     (%a: f32[2], %b: i64[2]) = aten::max.dim(%y, 1, false)
//     output "y" = %a
//     output state %cache = %b
//   }
//
// The bodies of a node with control flow follow it, each in braces and written like a graph:
//
//     %y: f32[2] = etc::cond(%p, [%x]) {
//       input %x: f32[2]
//       output "0" = %x
//     } {
//       …
//     }
//
// Strides stand in braces when a tensor is not contiguous, labels in quotes when they are not the name, sources after @ as
// Sizes may be expressions over symbols, which "symbol s0 in [2,64]" declares before the inputs ("[2,]" has no upper bound, "symbol r0
// real" is a double). Strides stand in braces when a tensor is not contiguous, labels in quotes when they are not the name, sources after @
// as file:line, module path and exported node. A word that is more than letters, digits and a few marks is quoted. # begins a comment.
#include "ir/text.h"

#include <charconv>
#include <cstring>

#include "ir/element_text.h"

namespace etc::compile {
namespace {

constexpr int64_t kWrittenOut = 16;  // elements

bool is_name_char(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\', out += c;
    } else if (u < 0x20 || u == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\x", out += kHex[u >> 4], out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string word(const std::string& text, const char* also = "") {
  bool plain = !text.empty();
  for (char c : text) plain = plain && c && (is_name_char(c) || std::strchr(also, c));
  return plain ? text : quoted(text);
}

std::string name_text(const Value* v) { return "%" + word(v->name); }

std::string type_text(const TensorType& type) {
  auto list = [](const Sizes& numbers) {
    std::string out;
    for (const SymInt& n : numbers) out += (out.empty() ? "" : ",") + to_string(n);
    return out;
  };
  std::string out = std::string(name_of(type.dtype)) + "[" + list(type.sizes) + "]";
  if (!type.is_contiguous()) out += "{" + list(type.strides) + "}";
  return out;
}

std::string data_text(const TensorType& type, const ConstantData& data) {
  const uint32_t width = size_in_bytes(type.dtype);
  const int64_t n = type.numel();  // constants are fixed
  if (n > 1 && std::memcmp(data.data, data.data + width, data.bytes - width) == 0) return " = splat " + element_text(type.dtype, data.data);
  std::string out = " =";
  if (n <= kWrittenOut) {
    for (int64_t i = 0; i < n; ++i) out += " " + element_text(type.dtype, data.data + i * width);
    return out;
  }
  uint64_t h = 14695981039346656037ull;  // FNV-1a
  for (uint64_t i = 0; i < data.bytes; ++i) h = (h ^ static_cast<uint8_t>(data.data[i])) * 1099511628211ull;
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(h));
  return out + " hash " + hex;
}

std::string real_text(double d) {
  char buffer[32];
  std::string out(buffer, std::to_chars(buffer, buffer + sizeof buffer, d).ptr);
  return out.find_first_of(".en") == std::string::npos ? out + ".0" : out;  // inf and nan have an n
}

struct ArgumentText {
  std::string operator()(None) const { return "none"; }
  std::string operator()(const Value* v) const { return v ? name_text(v) : "none"; }
  std::string operator()(bool b) const { return b ? "true" : "false"; }
  std::string operator()(int64_t n) const { return std::to_string(n); }
  std::string operator()(double d) const { return real_text(d); }
  std::string operator()(const SymInt& n) const { return to_string(n); }
  std::string operator()(const SymReal& r) const { return to_string(r); }
  std::string operator()(const Sizes& list) const { return joined(list); }
  std::string operator()(const std::string& s) const { return quoted(s); }
  std::string operator()(const Values& list) const { return (list.empty() ? "tensors" : "") + joined(list); }
  std::string operator()(const std::vector<int64_t>& list) const { return joined(list); }
  std::string operator()(const std::vector<double>& list) const { return (list.empty() ? "reals" : "") + joined(list); }
  std::string operator()(const std::vector<bool>& list) const { return (list.empty() ? "bools" : "") + joined(list); }

 private:
  template <class List>
  std::string joined(const List& list) const {
    std::string out;
    for (const auto& element : list) out += (out.empty() ? "" : ", ") + (*this)(element);
    return "[" + out + "]";
  }
};

std::string node_text(const Node& node) {
  std::string results, args;
  for (const Value* r : node.results) results += (results.empty() ? "" : ", ") + name_text(r) + ": " + type_text(r->type);
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (i) args += ", ";
    if (i < node.arg_names.size()) args += word(node.arg_names[i]) + "=";
    args += std::visit(ArgumentText(), node.args[i]);
  }
  if (node.results.size() != 1) results = "(" + results + ")";
  std::string line = results + " = " + (node.is_external() ? "extern " : "") + word(node.op, ":") + "(" + args + ")";
  if (const Source* s = node.source.get())
    line += "  @ " + word(s->file, "/-<>") + ":" + std::to_string(s->line) + " " + word(s->module, "-") + " " + word(s->node, "-");
  return line;
}

void add_symbols(const Graph& graph, std::map<std::string, SymbolRef>& used) {
  auto add = [&](const SymbolRef& s) { used.emplace(s->name, s); };
  for (const Value* v : graph.inputs) for_each_symbol(v->type, add);
  for (const auto& node : graph.nodes) {
    for_each_symbol(*node, add);
    for (const Argument& a : node->args) for_each_symbol(a, add);
    for (const auto& body : node->bodies) add_symbols(*body, used);
  }
}

// Symbols that are in use, in bodies too, in order of their names.
std::string symbols_text(const Graph& graph) {
  std::map<std::string, SymbolRef> used;
  add_symbols(graph, used);
  std::string out;
  for (const auto& [name, s] : used) {
    out += "  symbol " + word(name);
    if (s->is_real) {
      out += " real\n";
    } else {
      out += " in [" + (s->lower == kNoLower ? "" : std::to_string(s->lower)) + "," +
             (s->upper == kNoUpper ? "" : std::to_string(s->upper)) + "]\n";
    }
  }
  return out;
}

std::string label_text(const Value* v) { return v->label == v->name ? "" : " " + quoted(v->label); }

// The lines between the braces of a graph.
std::string lines_of(const Graph& graph, const std::string& indent) {
  std::string out;
  for (const Value* v : graph.inputs) out += indent + "input " + name_text(v) + ": " + type_text(v->type) + label_text(v) + "\n";
  for (const Value* v : graph.states)
    out += indent + "state " + name_text(v) + ": " + type_text(v->type) + label_text(v) + data_text(v->type, v->constant) + "\n";
  for (const Value* v : graph.constants())
    out += indent + "const " + name_text(v) + ": " + type_text(v->type) + label_text(v) + data_text(v->type, v->constant) + "\n";
  for (const auto& node : graph.nodes) {
    out += indent + node_text(*node);
    for (const auto& body : node->bodies) out += " {\n" + lines_of(*body, indent + "  ") + indent + "}";
    out += "\n";
  }
  for (const Output& o : graph.outputs) {
    out += indent + "output ";
    if (o.kind != Output::Kind::User) out += (o.kind == Output::Kind::State ? "state " : "input ") + name_text(o.target) + " ";
    if (o.kind == Output::Kind::User || !o.name.empty()) out += quoted(o.name) + " ";
    out += "= " + name_text(o.value) + "\n";
  }
  return out;
}

}  // namespace

std::string print_graph(const Graph& graph) {
  return "graph " + word(graph.name) + " {\n" + symbols_text(graph) + lines_of(graph, "  ") + "}\n";
}

}  // namespace etc::compile
