// What the core's error values mean to the user, and where in the model a fault lies.
#include "fault.h"

#include "names.h"

namespace etc::run {

const char* meaning_of(Error error) {
  switch (error) {
    case Error::Ok: return "no error";
    case Error::BadProgram: return "the program is damaged; compile the model again";
    case Error::WrongVersion: return "the program is of another format version; compile the model again with this version of etc";
    case Error::WrongTarget: return "the program is for a CPU with features that this one lacks; compile the model with --cpu generic";
    case Error::MissingOp:
      return "this build has no kernel for it; give a table that has it with --ops FILE.so, or use a build with its op and dtypes";
    case Error::OutOfMemory: return "not enough memory";
    case Error::BadArgument: return "the program asks for what this build cannot do; compile the model again with this version of etc";
    case Error::BadShape: return "shapes do not fit";
    case Error::BadValue: return "a value in the data is out of range; look for an index outside of its dimension in the inputs";
    case Error::OutOfBudget: return "the limit of instructions is reached; raise --max-instructions";
    case Error::Cancelled: return "cancelled";
    case Error::DelegateFailed: return "a backend failed";
  }
  return "unknown error";
}

host::ExitCode exit_code_of(Error error) {
  switch (error) {
    case Error::OutOfMemory:
    case Error::MissingOp:
    case Error::WrongTarget:
    case Error::OutOfBudget:
    case Error::Cancelled:
    case Error::DelegateFailed: return host::kEnvironment;
    default: return host::kBadInput;
  }
}

std::string place_of(Span<const std::byte> file, uint32_t method, const Fault& fault) {
  if (fault.instruction == Fault::kNowhere) return "";
  const std::string place = "instruction " + std::to_string(fault.instruction);
  const MethodNames names = names_of(file, method);
  if (fault.instruction >= names.instructions.size()) return place;
  const std::string code = fault.error == Error::DelegateFailed && fault.operand != Fault::kNowhere
                               ? ": code " + std::to_string(fault.operand) + " of the backend"
                               : "";
  return place + " (" + text_of(names.instructions[fault.instruction]) + ")" + code;
}

}  // namespace etc::run
