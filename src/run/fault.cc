// What the core's error values mean to the user, and where in the model a fault lies.
#include "fault.h"

#include <capnp/serialize.h>

#include "program.capnp.h"

namespace etc::run {

const char* meaning_of(Error error) {
  switch (error) {
    case Error::Ok: return "no error";
    case Error::BadProgram: return "the program is damaged; compile the model again";
    case Error::WrongVersion: return "the program is of another format version; compile the model again with this version of etc";
    case Error::WrongTarget: return "the program is for a CPU with features that this one lacks; compile the model with --cpu generic";
    case Error::MissingOp: return "an op is missing; give its table with --ops FILE.so";
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
  std::string place = "instruction " + std::to_string(fault.instruction);
  try {
    // Not the core's reader: it never touches the names for people.
    capnp::ReaderOptions options;
    options.traversalLimitInWords = UINT64_MAX;
    capnp::FlatArrayMessageReader message(kj::ArrayPtr(reinterpret_cast<const capnp::word*>(file.data), file.size / sizeof(capnp::word)),
                                          options);
    const auto program = message.getRoot<schema::Program>();
    const auto instruction = program.getMethods()[method].getInstructions()[fault.instruction];
    std::string details;
    if (instruction.getKind() == 0) {
      const auto op = program.getOps()[instruction.getOp()];
      const auto strings = program.getStrings().asChars();
      details = std::string(strings.begin() + op.getNameOffset(), op.getNameSize());
    }
    if (program.hasDebug()) {
      const auto instructions = program.getDebug().getMethods()[method].getInstructions();
      const uint32_t source = instructions[fault.instruction];
      if (source != UINT32_MAX) {
        const auto s = program.getDebug().getSources()[source];
        const std::string node = s.getNode().cStr(), module = s.getModule().cStr(), code = s.getFile().cStr();
        if (!node.empty()) details += ", node " + node;
        if (!module.empty()) details += " of module " + module;
        if (!code.empty()) details += " at " + code + ":" + std::to_string(s.getLine());
      }
    }
    if (!details.empty()) place += " (" + details + ")";
  } catch (const kj::Exception&) {
    // Debug names are not verified; without them the number must do.
  }
  return place;
}

}  // namespace etc::run
