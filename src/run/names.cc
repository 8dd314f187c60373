// Reads the debug part of a program file; see names.h.
#include "names.h"

#include <capnp/serialize.h>

#include "program.capnp.h"

namespace etc::run {
namespace {

std::string op_of(schema::Program::Reader program, schema::Instruction::Reader instruction) {
  const auto text = [&](const auto& record) {
    return std::string(program.getStrings().asChars().begin() + record.getNameOffset(), record.getNameSize());
  };
  switch (instruction.getKind()) {
    case 0: return text(program.getOps()[instruction.getOp()]);
    case 1: return "delegate " + text(program.getDelegates()[instruction.getOp()]);
    case 2: return "eval";
    default: return "swap";
  }
}

void add_sources(schema::Debug::Reader debug, schema::MethodDebug::Reader method, std::vector<host::InstructionName>* names) {
  const auto ids = method.getInstructions();
  for (uint32_t i = 0; i < names->size(); ++i) {
    if (ids[i] == UINT32_MAX) continue;
    const auto s = debug.getSources()[ids[i]];
    host::InstructionName& name = (*names)[i];
    name.node = s.getNode().cStr(), name.module = s.getModule().cStr(), name.file = s.getFile().cStr();
    name.line = s.getLine();
  }
}

}  // namespace

MethodNames names_of(Span<const std::byte> file, uint32_t method) {
  MethodNames names;
  try {
    // Not the core's reader: it never touches the names for people.
    capnp::ReaderOptions options;
    options.traversalLimitInWords = UINT64_MAX;
    capnp::FlatArrayMessageReader message(kj::ArrayPtr(reinterpret_cast<const capnp::word*>(file.data), file.size / sizeof(capnp::word)),
                                          options);
    const auto program = message.getRoot<schema::Program>();
    for (const auto instruction : program.getMethods()[method].getInstructions())
      names.instructions.push_back({op_of(program, instruction), "", "", ""});
    if (!program.hasDebug()) return names;
    const auto debug = program.getDebug().getMethods()[method];
    add_sources(program.getDebug(), debug, &names.instructions);
    for (const auto value : debug.getValues()) names.values.emplace_back(value.cStr());
  } catch (const kj::Exception&) {
    // The numbers must do.
  }
  return names;
}

std::string text_of(const host::InstructionName& name) {
  std::string text = name.op;
  if (!name.node.empty()) text += ", node " + name.node;
  if (!name.module.empty()) text += " of module " + name.module;
  if (!name.file.empty()) text += " at " + name.file + ":" + std::to_string(name.line);
  return text;
}

}  // namespace etc::run
