// Where in the user's model an exported node comes from, read from the node's metadata texts.
#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

namespace etc::compile::exported {

// `stack_trace` is Python's, outermost frame first; `module_stack` is "key,path,type;…". Either may be empty. The file is the one of
// the innermost frame outside of installed packages (of all frames when every one is inside), its last two path parts.
Source make_source(std::string_view node, std::string_view stack_trace, std::string_view module_stack);

}  // namespace etc::compile::exported
