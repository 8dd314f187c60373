// Our records against Cap'n Proto's own reader: every field of every record, each with a value of its own.
#include "format.h"

#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <random>

#include "program.capnp.h"
#include "testing/file.h"

namespace etc::testing {
namespace {

// Numbers for every field, so that a field read from another's place is noticed. Nothing here is a valid program.
FileSpec random_file() {
  std::mt19937_64 random(1);
  const auto any = [&](auto& field) { field = static_cast<std::decay_t<decltype(field)>>(random()); };
  const auto any_name = [&](format::Name& n) { any(n.offset), any(n.size); };
  FileSpec f;
  any(f.magic), any(f.major), any(f.minor), any(f.target), any(f.state_bytes), any(f.more_constant_bytes);
  f.ints.resize(5);
  f.indices.resize(7);
  f.reals = {0.5, -3e300, 7};
  f.strings = "text of names";
  f.ops.resize(3);
  f.pools.resize(2);
  f.states.resize(3);
  f.delegates.resize(2);
  f.constants.resize(17, std::byte{9});
  for (auto& x : f.ints) any(x);
  for (auto& x : f.indices) any(x);
  for (auto& o : f.ops) any(o.hash), any_name(o.name), any(o.external);
  for (auto& p : f.pools) any_name(p.name), any(p.bytes), any(p.capacity);
  for (auto& d : f.delegates) any_name(d.name), any(d.blob), any(d.blob_bytes), any(d.instance_bytes), any(d.arguments);
  for (auto& s : f.states)
    any_name(s.name), any(s.offset), any(s.bytes), any(s.initial), any(s.sizes), any(s.rank), s.dtype = static_cast<DType>(random() & 255);
  for (int m = 0; m < 3; ++m) {
    f.methods.emplace_back();
    MethodSpec& method = f.method();
    method.name = "method" + std::to_string(m);
    do any(method.slots);
    while (method.slots < 1000);  // not a number that the writer would provide for
    any(method.slot_ints);
    method.dynamics.resize(3), method.successors.resize(4);
    for (auto& d : method.dynamics) any(d.value), any(d.sizes), any(d.strides), any(d.fixed);
    for (auto& x : method.successors) any(x);
    method.inputs.resize(2), method.outputs.resize(3), method.values.resize(4), method.operands.resize(5);
    method.instructions.resize(3), method.blocks.resize(2), method.pool_bytes.resize(2), method.roots.resize(4), method.updates.resize(2);
    for (auto& io : method.inputs) any(io.value), any_name(io.name), any(io.flags);
    for (auto& io : method.outputs) any(io.value), any_name(io.name), any(io.flags);
    for (auto& v : method.values)
      any(v.offset), any(v.storage), v.dtype = static_cast<DType>(random() & 255), any(v.rank), any(v.layout), any(v.flags), any(v.sizes),
                                     any(v.strides);
    for (auto& o : method.operands) o.kind = static_cast<OperandKind>(random() & 255), any(o.reserved), any(o.count), any(o.index);
    for (auto& i : method.instructions)
      any(i.first_operand), any(i.operand_count), any(i.op), i.kind = static_cast<format::InstructionKind>(random() & 255), any(i.flags);
    for (auto& b : method.blocks)
      any(b.first), any(b.count), b.end = static_cast<format::BlockEnd>(random() & 255), any(b.target), any(b.value);
    for (auto& x : method.pool_bytes) any(x);
    for (auto& x : method.roots) any(x);
    for (auto& u : method.updates) any(u.target), any(u.value);
  }
  return f;
}

template <class Ours, class Theirs, class Same>
void expect_same_lists(Span<const Ours> ours, const Theirs& theirs, Same same) {
  ASSERT_EQ(ours.size, theirs.size());
  ASSERT_GT(ours.size, 0u);
  for (unsigned i = 0; i < theirs.size(); ++i) same(ours[i], theirs[i]);
}
template <class Ours, class Theirs>
void expect_same_numbers(Span<const Ours> ours, const Theirs& theirs) {
  expect_same_lists(ours, theirs, [](Ours a, Ours b) { EXPECT_EQ(a, b); });
}
template <class Theirs>
void expect_same_name(const format::Name& ours, const Theirs& theirs) {
  EXPECT_EQ(ours.offset, theirs.getNameOffset());
  EXPECT_EQ(ours.size, theirs.getNameSize());
}

void expect_same_method(const format::Method& m, schema::Method::Reader t) {
  expect_same_name(m.name, t);
  EXPECT_EQ(m.slots, t.getSlots());
  EXPECT_EQ(m.slot_ints, t.getSlotInts());
  expect_same_lists(m.dynamics(), t.getDynamics(), [](const format::Dynamic& a, schema::Dynamic::Reader b) {
    EXPECT_EQ(a.value, b.getValue());
    EXPECT_EQ(a.sizes, b.getSizes());
    EXPECT_EQ(a.strides, b.getStrides());
    EXPECT_EQ(a.fixed, b.getFixed());
  });
  expect_same_numbers(m.successors(), t.getSuccessors());
  const auto same_io = [](const format::Io& a, schema::Io::Reader b) {
    EXPECT_EQ(a.value, b.getValue());
    expect_same_name(a.name, b);
    EXPECT_EQ(a.flags, b.getFlags());
  };
  expect_same_lists(m.inputs(), t.getInputs(), same_io);
  expect_same_lists(m.outputs(), t.getOutputs(), same_io);
  for (unsigned n = 0; n < 5; ++n) same_io(m.io(n), n < 2 ? t.getInputs()[n] : t.getOutputs()[n - 2]);
  expect_same_lists(m.values(), t.getValues(), [](const format::Value& a, schema::Value::Reader b) {
    EXPECT_EQ(a.offset, b.getOffset());
    EXPECT_EQ(a.storage, b.getStorage());
    EXPECT_EQ(static_cast<uint8_t>(a.dtype), b.getDtype());
    EXPECT_EQ(a.rank, b.getRank());
    EXPECT_EQ(a.layout, b.getLayout());
    EXPECT_EQ(a.flags, b.getFlags());
    EXPECT_EQ(a.sizes, b.getSizes());
    EXPECT_EQ(a.strides, b.getStrides());
  });
  expect_same_lists(m.operands(), t.getOperands(), [](const Operand& a, schema::Operand::Reader b) {
    EXPECT_EQ(static_cast<uint8_t>(a.kind), b.getKind());
    EXPECT_EQ(a.reserved, b.getReserved());
    EXPECT_EQ(a.count, b.getCount());
    EXPECT_EQ(a.index, b.getIndex());
  });
  expect_same_lists(m.instructions(), t.getInstructions(), [](const format::Instruction& a, schema::Instruction::Reader b) {
    EXPECT_EQ(a.first_operand, b.getFirstOperand());
    EXPECT_EQ(a.operand_count, b.getOperandCount());
    EXPECT_EQ(a.op, b.getOp());
    EXPECT_EQ(static_cast<uint8_t>(a.kind), b.getKind());
    EXPECT_EQ(a.flags, b.getFlags());
  });
  expect_same_lists(m.blocks(), t.getBlocks(), [](const format::Block& a, schema::Block::Reader b) {
    EXPECT_EQ(a.first, b.getFirst());
    EXPECT_EQ(a.count, b.getCount());
    EXPECT_EQ(static_cast<uint8_t>(a.end), b.getEnd());
    EXPECT_EQ(a.target, b.getTarget());
    EXPECT_EQ(a.value, b.getValue());
  });
  expect_same_numbers(m.pool_bytes(), t.getPoolBytes());
  expect_same_numbers(m.roots(), t.getRoots());
  expect_same_lists(m.updates(), t.getUpdates(), [](const format::Update& a, schema::Update::Reader b) {
    EXPECT_EQ(a.target, b.getTarget());
    EXPECT_EQ(a.value, b.getValue());
  });
}

TEST(Format, EveryFieldReadsAsCapnProtoReadsIt) {
  const FileBytes file = random_file().encode();
  const kj::ArrayPtr<const capnp::word> words(reinterpret_cast<const capnp::word*>(file.data()), file.size() / 8);
  capnp::FlatArrayMessageReader message(words);
  const auto t = message.getRoot<schema::Program>();

  const auto* segment = reinterpret_cast<const wire::Word*>(file.data() + 16);
  uint32_t segment_words;
  std::memcpy(&segment_words, file.data() + 4, 4);
  wire::Reader reader({segment, segment_words});
  ASSERT_TRUE(reader.accept_root<format::Program>());
  const auto& p = wire::root_of<format::Program>(segment);

  EXPECT_EQ(p.magic, t.getMagic());
  EXPECT_EQ(p.major, t.getMajor());
  EXPECT_EQ(p.minor, t.getMinor());
  EXPECT_EQ(p.target, t.getTarget());
  EXPECT_EQ(p.constant_bytes, t.getConstantBytes());
  EXPECT_EQ(p.state_bytes, t.getStateBytes());
  expect_same_numbers(p.ints(), t.getInts());
  expect_same_numbers(p.reals(), t.getReals());
  expect_same_numbers(p.indices(), t.getIndices());
  EXPECT_EQ(std::string(p.strings().data, p.strings().size), std::string(t.getStrings().asChars().begin(), t.getStrings().size()));
  expect_same_lists(p.ops(), t.getOps(), [](const format::OpName& a, schema::OpName::Reader b) {
    EXPECT_EQ(a.hash, b.getHash());
    expect_same_name(a.name, b);
    EXPECT_EQ((a.external & 1) != 0, b.getExternal());
  });
  expect_same_lists(p.pools(), t.getPools(), [](const format::Pool& a, schema::Pool::Reader b) {
    expect_same_name(a.name, b);
    EXPECT_EQ(a.bytes, b.getBytes());
    EXPECT_EQ(a.capacity, b.getCapacity());
  });
  expect_same_lists(p.states(), t.getStates(), [](const format::State& a, schema::State::Reader b) {
    expect_same_name(a.name, b);
    EXPECT_EQ(a.offset, b.getOffset());
    EXPECT_EQ(a.bytes, b.getBytes());
    EXPECT_EQ(a.initial, b.getInitial());
    EXPECT_EQ(a.sizes, b.getSizes());
    EXPECT_EQ(a.rank, b.getRank());
    EXPECT_EQ(static_cast<uint8_t>(a.dtype), b.getDtype());
  });
  expect_same_lists(p.delegates(), t.getDelegates(), [](const format::Delegate& a, schema::Delegate::Reader b) {
    expect_same_name(a.name, b);
    EXPECT_EQ(a.blob, b.getBlob());
    EXPECT_EQ(a.blob_bytes, b.getBlobBytes());
    EXPECT_EQ(a.instance_bytes, b.getInstanceBytes());
    EXPECT_EQ(a.arguments, b.getArguments());
  });
  ASSERT_EQ(p.methods().size, t.getMethods().size());
  for (unsigned m = 0; m < t.getMethods().size(); ++m) expect_same_method(p.methods()[m], t.getMethods()[m]);
  EXPECT_EQ(p.debug, 0u);
  EXPECT_EQ(p.layout_list, 0u);
}

}  // namespace
}  // namespace etc::testing
