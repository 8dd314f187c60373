// The records of a program without its file, for those who reckon with them.
#pragma once

#include <functional>

#include "plan/plan.h"
#include "program.capnp.h"

namespace etc::compile {

// What emit would write, without constants, dependencies and names for people.
void with_message(const ProgramPlan& plan, const std::function<void(schema::Program::Reader)>& use);

}  // namespace etc::compile
