// A program file as C source: an array to link into a program, in flash on a small device.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "etc/base.h"

namespace etc::compile {

// "net-v2.c" → "net_v2": the file's name without folder and ending, as a C identifier.
std::string c_name_of(const std::string& path);
bool is_c_name(const std::string& name);

// Writes C (also C++) that defines `const unsigned char NAME[]`, a multiple of 64 in address, and `const size_t NAME_size`; piece by
// piece, as the text is four times as long as the program.
void write_c_source(Span<const std::byte> program, const std::string& name, const std::function<void(std::string_view)>& write);

}  // namespace etc::compile
