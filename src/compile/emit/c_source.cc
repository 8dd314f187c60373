// A program file as C source.
#include "emit/c_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>

namespace etc::compile {
namespace {

bool is_identifier_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string head(size_t bytes, const std::string& name) {
  return "/* A program for the etc runtime, " + std::to_string(bytes) +
         " bytes, made by etc-compile --emit c. Elsewhere, declare\n"
         "     extern const unsigned char " +
         name +
         "[];\n"
         "     extern const size_t " +
         name +
         "_size;\n"
         "   (as extern \"C\" in C++) and open it with etc_open or etc::Program::open. */\n"
         "#include <stddef.h>\n\n"
         "#ifdef __cplusplus\n"
         "#define ETC_ALIGNED alignas(64)\n"
         "extern \"C\" {\n"
         "#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L\n"
         "#define ETC_ALIGNED _Alignas(64)\n"
         "#else\n"
         "#define ETC_ALIGNED __attribute__((aligned(64)))\n"
         "#endif\n"
         "extern const unsigned char " +
         name +
         "[];\n"
         "extern const size_t " +
         name +
         "_size;\n\n"
         "ETC_ALIGNED const unsigned char " +
         name + "[" + std::to_string(bytes) + "] = {\n";
}

std::string foot(const std::string& name) {
  return "};\n"
         "const size_t " +
         name + "_size = sizeof " + name +
         ";\n"
         "#ifdef __cplusplus\n"
         "}\n"
         "#endif\n";
}

}  // namespace

std::string c_name_of(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  for (char& c : name)
    if (!is_identifier_character(c)) c = '_';
  return is_c_name(name) ? name : "program_" + name;
}

bool is_c_name(const std::string& name) {
  // Of C and C++, those that could be the name of a file.
  static const std::set<std::string> kKeywords = {
      "and",      "asm",    "auto",    "bool",      "break",    "case",     "catch",    "char",    "class",     "const",    "continue",
      "default",  "delete", "do",      "double",    "else",     "enum",     "explicit", "export",  "extern",    "false",    "float",
      "for",      "friend", "goto",    "if",        "inline",   "int",      "long",     "mutable", "namespace", "new",      "not",
      "operator", "or",     "private", "protected", "public",   "register", "requires", "return",  "short",     "signed",   "sizeof",
      "static",   "struct", "switch",  "template",  "this",     "throw",    "true",     "try",     "typedef",   "typename", "union",
      "unsigned", "using",  "virtual", "void",      "volatile", "while",    "xor",      "main",    "concept",   "restrict", "typeid"};
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), is_identifier_character) && !kKeywords.count(name);
}

void write_c_source(Span<const std::byte> program, const std::string& name, const std::function<void(std::string_view)>& write) {
  write(head(program.size, name));
  std::array<std::string, 256> numbers;
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::to_string(i) + ",";
  std::string text;
  for (size_t i = 0; i < program.size; ++i) {
    text += numbers[static_cast<size_t>(program[i])];
    if (i % 32 == 31 || i + 1 == program.size) text += '\n';
    if (text.size() > 60000) {
      write(text);
      text.clear();
    }
  }
  write(text);
  write(foot(name));
}

}  // namespace etc::compile
