// State of a session from and to .npz files.
#include "state_file.h"

#include <algorithm>

#include "host/error.h"

namespace etc::run {

void load_state(const std::string& path, Session* session) {
  const std::vector<Wanted>& states = session->states();
  const std::string has = states.empty() ? "; the program has no state" : "; the program's state is:\n" + signature_of(states);
  for (auto& [name, array] : host::read_arrays(path)) {
    const auto state = std::find_if(states.begin(), states.end(), [&name = name](const Wanted& w) { return w.name == name; });
    const std::string place = path + (name.empty() ? "" : ":" + name);
    if (state == states.end()) throw host::UserError(place + ": is no state of the program" + has, host::kUsage);
    session->set_state(static_cast<size_t>(state - states.begin()), accept(std::move(array), *state, place));
  }
}

void save_state(const std::string& path, const Session& session) {
  std::vector<host::NamedArray> arrays;
  for (size_t i = 0; i < session.states().size(); ++i) arrays.emplace_back(session.states()[i].name, session.state(i));
  host::write_npz(path, arrays);
}

}  // namespace etc::run
