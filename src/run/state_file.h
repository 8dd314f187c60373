// State of a session from and to .npz files, by the states' names.
#pragma once

#include <string>

#include "session.h"

namespace etc::run {

// UserError (kUsage), with the names that there are, for an array that is no state or does not fit. States that the file does not hold
// keep what they have.
void load_state(const std::string& path, Session* session);
void save_state(const std::string& path, const Session& session);

}  // namespace etc::run
