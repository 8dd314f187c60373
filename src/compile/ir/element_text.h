// One element of a tensor as text and back, exactly: the shortest digits that read back to the same bits, or the bits themselves
// (0x7fc00001) for a NaN that is not the usual one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "etc/base.h"

namespace etc::compile {

std::string element_text(DType dtype, const std::byte* element);
// Writes size_in_bytes(dtype) bytes. False when `text` is no element of that type.
bool parse_element(DType dtype, std::string_view text, std::byte* element);

}  // namespace etc::compile
