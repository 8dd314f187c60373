// Program::open: what it answers about a good file, and that it refuses a file with one thing wrong.
#include "etc/program.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "testing/ops.h"

namespace etc::testing {
namespace {

Error open_error(const FileBytes& file) { return Program::open(file.span()).error(); }

std::string string_of(Text t) { return {t.data, t.size}; }

// A bit of everything: two methods, two pools, a state, windows, lists, strings, slots.
FileSpec full_file() {
  FileSpec f;
  f.pool("fast", 192);
  f.pool("slow", 64);
  const float initial[2] = {7, 8};
  f.state("counter", DType::F32, {2}, initial);
  f.reals = {0.5, 1.5};
  f.begin_method("forward");
  const uint32_t x = f.value(2, 0, DType::F32, {3, 2}), transposed = f.window(x, 0, {2, 3}, {1, 2});
  const uint32_t row = f.window(x, 8, {2}, {1}), state = f.value(1, 0, DType::F32, {2}), y = f.value(3, 0, DType::F32, {2});
  f.indices = {row, kNoValue, state};
  f.strings += "text";
  f.method().slots = 2;
  f.call(ops::test_add, {tensor(row), tensor(state), tensor(y)});
  f.call(ops::test_add, {tensor(state), tensor(row), tensor(state)});
  f.method().operands.insert(f.method().operands.end(),
                             {operand(OperandKind::Tensors, 0, 3), operand(OperandKind::Int, 1), operand(OperandKind::Real, 1),
                              operand(OperandKind::Bool, 1), operand(OperandKind::String, 2, 3), operand(OperandKind::Ints, 0, 3),
                              operand(OperandKind::Reals, 0, 2), operand(OperandKind::Bools, 1, 2), operand(OperandKind::IntSlot, 1),
                              operand(OperandKind::RealSlot, 1), operand(OperandKind::IntSlots, 0, 2)});
  f.method().updates.push_back({state, state});
  f.input("x", x);
  f.output("y", y);
  f.output("t", transposed);
  f.block();
  f.begin_method("nothing");
  f.method().pool_bytes = {0, 0};
  f.block();
  return f;
}

TEST(Program, AnswersWhatTheFileSays) {
  const FileBytes file = full_file().encode();
  const Result<Program> opened = Program::open(file.span());
  ASSERT_TRUE(opened.ok());
  const Program& p = opened.value();
  ASSERT_EQ(p.method_count(), 2u);
  EXPECT_EQ(string_of(p.method_name(1)), "nothing");
  EXPECT_EQ(p.find_method("nothing").value(), 1u);
  EXPECT_EQ(p.find_method("noth").error(), Error::BadArgument);
  ASSERT_EQ(p.input_count(0), 1u);
  ASSERT_EQ(p.output_count(0), 2u);
  EXPECT_EQ(string_of(p.input(0, 0).name), "x");
  EXPECT_EQ(p.input(0, 0).bytes, 24u);
  const TensorInfo t = p.output(0, 1);
  EXPECT_EQ(string_of(t.name), "t");
  EXPECT_EQ(t.dtype, DType::F32);
  ASSERT_EQ(t.rank, 2u);
  EXPECT_EQ(t.sizes[0], 2);
  EXPECT_EQ(t.strides[1], 2);
  EXPECT_EQ(t.bytes, 24u);
  ASSERT_EQ(p.pool_count(), 2u);
  EXPECT_EQ(string_of(p.pool_name(1)), "slow");
  EXPECT_EQ(p.pool_bytes(0, 0), 192u);
  EXPECT_EQ(p.pool_bytes(1, 0), 0u);
  ASSERT_EQ(p.state_count(), 1u);
  EXPECT_EQ(string_of(p.state(0).name), "counter");
  EXPECT_EQ(p.state(0).bytes, 8u);
  EXPECT_EQ(p.state_offset(0), 0u);
  EXPECT_EQ(p.state_bytes(), 8u);
  ASSERT_EQ(p.op_count(), 1u);
  EXPECT_EQ(string_of(p.op_name(0)), "test::add");
  EXPECT_EQ(p.find_op(0, kTables), &ops::test_add);
  EXPECT_EQ(p.constant_bytes(), 8u);
  EXPECT_EQ(p.instruction_count(0), 2u);
}

TEST(Program, InitialisesStatesInTheirPlaces) {
  FileSpec spec = full_file();
  const int64_t second = 5;
  spec.state("more", DType::I64, {}, &second);
  const FileBytes file = spec.encode();
  const Program p = Program::open(file.span()).value();
  ASSERT_EQ(p.state_bytes(), 72u);
  FileBytes state(72);
  EXPECT_EQ(p.init_state({state.data(), 71}), Error::OutOfMemory);
  ASSERT_EQ(p.init_state(state.span()), Error::Ok);
  EXPECT_EQ(reinterpret_cast<const float*>(state.data())[1], 8);
  EXPECT_EQ(reinterpret_cast<const int64_t*>(state.data())[8], 5);
}

TEST(Program, SeedsTheGeneratorAlone) {
  FileSpec spec = full_file();
  const FileBytes without = spec.encode();
  const int64_t initial[2] = {0, 0}, other = 5;
  spec.state(kGeneratorState, DType::I64, {2}, initial);
  spec.state("other", DType::I64, {}, &other);
  const FileBytes file = spec.encode();
  const Program p = Program::open(file.span()).value();
  FileBytes state(static_cast<size_t>(p.state_bytes()));
  ASSERT_EQ(p.init_state(state.span()), Error::Ok);
  auto* const generator = reinterpret_cast<uint64_t*>(state.data() + p.state_offset(1));
  generator[1] = 99;
  EXPECT_EQ(p.seed({state.data(), state.size() - 1}, 1), Error::OutOfMemory);
  ASSERT_EQ(p.seed(state.span(), UINT64_MAX), Error::Ok);
  EXPECT_EQ(generator[0], UINT64_MAX);
  EXPECT_EQ(generator[1], 0u);
  EXPECT_EQ(reinterpret_cast<const float*>(state.data())[1], 8);
  EXPECT_EQ(*reinterpret_cast<const int64_t*>(state.data() + p.state_offset(2)), 5);
  EXPECT_EQ(Program::open(without.span()).value().seed(state.span(), 1), Error::BadArgument);
}

TEST(Program, FindsAnOpOnlyByNameAndHash) {
  FileSpec spec = full_file();
  const auto found = [&](const std::string& name, uint32_t hash, bool external) {
    FileSpec s = spec;
    s.ops[0] = {hash, s.name(name), external};
    const FileBytes file = s.encode();
    return Program::open(file.span()).value().find_op(0, kTables);
  };
  const uint32_t hash = ops::test_add.schema_hash;
  EXPECT_EQ(found("test::add", hash, false), &ops::test_add);
  EXPECT_EQ(found("test::add", hash + 1, false), nullptr);
  EXPECT_EQ(found("test::ad", hash, false), nullptr);
  EXPECT_EQ(found("test::add", 0, true), &ops::test_add);  // of an external op the name is all
  EXPECT_EQ(found(std::string(ops::test_add.schema) + '\0' + "more", hash, false), nullptr);
  const OpTable kOtherAbi = {OpTable::kAbi + 1, kTestOps.count, nullptr};
  const OpTable* const tables[] = {&kOtherAbi, &kTestOps};
  const FileBytes file = spec.encode();
  EXPECT_EQ(Program::open(file.span()).value().find_op(0, tables), &ops::test_add);
}

TEST(Program, RefusesBytesThatAreNotAligned) {
  const FileBytes file = full_file().encode(), room(file.size() + 8);
  std::memcpy(room.data() + 8, file.data(), file.size());
  EXPECT_EQ(Program::open({room.data() + 8, file.size()}).error(), Error::BadArgument);
}

TEST(Program, RefusesEveryOtherLength) {
  const FileBytes file = full_file().encode(), longer(file.size() + 64);
  std::memcpy(longer.data(), file.data(), file.size());
  for (size_t n = 0; n <= longer.size(); ++n)
    EXPECT_EQ(Program::open({longer.data(), n}).error(), n == file.size() ? Error::Ok : Error::BadProgram) << n;
}

TEST(Program, RefusesAnotherFraming) {
  const FileBytes good = full_file().encode();
  const auto with_word = [&](size_t at, uint32_t value) {
    const FileBytes file = good.copy();
    std::memcpy(file.data() + 4 * at, &value, 4);
    return open_error(file);
  };
  EXPECT_EQ(with_word(0, 1), Error::Ok);
  EXPECT_EQ(with_word(0, 0), Error::BadProgram);
  EXPECT_EQ(with_word(0, 2), Error::BadProgram);
  EXPECT_EQ(with_word(3, 1), Error::BadProgram);
  uint32_t words[3];
  std::memcpy(words, good.data(), 12);
  EXPECT_EQ(with_word(1, words[1] - 1), Error::BadProgram);
  EXPECT_EQ(with_word(2, 0xffffffff), Error::BadProgram);
  // The sum is right, but the second segment no longer starts at a multiple of 64.
  const FileBytes moved = good.copy();
  ++words[1], --words[2];
  std::memcpy(moved.data(), words, 12);
  EXPECT_EQ(open_error(moved), Error::BadProgram);
}

TEST(Program, NamesWhatKeepsItFromRunning) {
  const auto with = [](auto change) {
    FileSpec spec = full_file();
    change(spec);
    return open_error(spec.encode());
  };
  EXPECT_EQ(with([](FileSpec& f) { f.magic++; }), Error::BadProgram);
  EXPECT_EQ(with([](FileSpec& f) { f.major++; }), Error::WrongVersion);
  EXPECT_EQ(with([](FileSpec& f) { f.minor++; }), Error::WrongVersion);
  EXPECT_EQ(with([](FileSpec& f) { f.target = uint64_t{1} << 63; }), Error::WrongTarget);
}

struct Spoiled {
  const char* what;
  std::function<void(FileSpec&)> spoil;
};

// Each spoils one thing of full_file. `m` is the method forward.
#define SPOIL(what, ...)                             \
  Spoiled {                                          \
    what, [](FileSpec& f) {                          \
      [[maybe_unused]] MethodSpec& m = f.methods[0]; \
      __VA_ARGS__;                                   \
    }                                                \
  }
const Spoiled kSpoiled[] = {
    SPOIL("more constants than the segment has", f.more_constant_bytes = 64),
    SPOIL("op name outside strings", f.ops[0].name.offset = 100000),
    SPOIL("op name that wraps around", f.ops[0].name = (format::Name{0xffffffff, 2})),
    SPOIL("pool name outside strings", f.pools[1].name.size = 100000),
    SPOIL("pool smaller than a method's need", f.pools[0].bytes = 191),
    SPOIL("state name outside strings", f.states[0].name.size = 100000),
    SPOIL("state of unknown dtype", f.states[0].dtype = static_cast<DType>(kDTypeCount)),
    SPOIL("state of too high rank", f.states[0].rank = kMaxRank + 1),
    SPOIL("state sizes outside ints", f.states[0].sizes = static_cast<uint32_t>(f.ints.size()) + m.slots),
    SPOIL("state of negative size", f.ints[f.states[0].sizes] = -2),
    SPOIL("state of huge size", f.ints[f.states[0].sizes] = INT64_MAX),
    SPOIL("state with fewer bytes than elements", f.states[0].bytes = 7),
    SPOIL("state not at a multiple of 64", f.states[0].offset = 8; f.state_bytes = 100),
    SPOIL("state outside the block", f.states[0].offset = 64),
    SPOIL("state offset that wraps around", f.states[0].offset = ~uint64_t{63}),
    SPOIL("initial bytes outside the constants", f.states[0].initial = 1),
    SPOIL("need missing for a pool", m.pool_bytes.pop_back()),
    SPOIL("need for a pool that is none", m.pool_bytes.push_back(0)),
    SPOIL("value of unknown dtype", m.values[0].dtype = static_cast<DType>(kDTypeCount)),
    SPOIL("value of too high rank", m.values[0].rank = kMaxRank + 1),
    SPOIL("value in a packed layout", m.values[0].layout = 1),
    SPOIL("value with flags", m.values[0].flags = 1),
    SPOIL("value sizes outside ints", m.values[0].sizes = static_cast<uint32_t>(f.ints.size() - 1)),
    SPOIL("value strides outside ints", m.values[0].strides = 0xffffffff),
    SPOIL("value of negative size", f.ints[m.values[0].sizes] = -1),
    SPOIL("value of negative stride", f.ints[m.values[0].strides] = -1),
    SPOIL("value with more elements than a number can say", f.ints[m.values[0].sizes] = INT64_MAX; f.ints[m.values[0].strides] = 0),
    SPOIL("value with elements beyond its pool", f.ints[m.values[0].sizes] = 25),
    SPOIL("value with a stride beyond its pool", f.ints[m.values[0].strides] = 24),
    SPOIL("value at the end of its pool", m.values[0].offset = 172),
    SPOIL("value offset that wraps around", m.values[4].offset = ~uint64_t{3}),
    SPOIL("value not aligned to its dtype", m.values[4].offset = 2),
    SPOIL("value in a pool that is none", m.values[4].storage = 4),
    SPOIL("value beyond the state", m.values[3].offset = 4),
    SPOIL("value beyond the constants", m.values[3].storage = 0; m.values[3].offset = 4),
    SPOIL("root missing", m.roots.pop_back()),
    SPOIL("root that is none", m.roots[4] = 5),
    SPOIL("root of a root", m.roots[4] = 1),
    SPOIL("root in another storage", m.roots[4] = 0),
    SPOIL("window before its root", m.values[0].offset = 4),
    SPOIL("window beyond its root", f.ints[m.values[2].sizes] = 5),
    SPOIL("update of nothing", m.updates[0].target = 5),
    SPOIL("update by nothing", m.updates[0].value = 5),
    SPOIL("update of a window", m.updates[0] = (format::Update{2, 2})),
    SPOIL("update by a value that lies elsewhere", m.updates[0].value = 4),
    SPOIL("input that is none", m.inputs[0].value = 5),
    SPOIL("output that is none", m.outputs[0].value = kNoValue),
    SPOIL("constant output", m.values[3].storage = 0; m.updates.clear(); m.outputs[0].value = 3),
    SPOIL("input name outside strings", m.inputs[0].name.offset = 100000),
    SPOIL("operand of unknown kind", m.operands.back().kind = static_cast<OperandKind>(kOperandKindCount)),
    SPOIL("tensor operand that is none", m.operands.push_back(tensor(5))),
    SPOIL("tensors operand outside indices", m.operands.push_back(operand(OperandKind::Tensors, 1, 3))),
    SPOIL("tensor list with a value that is none", f.indices[2] = 5),
    SPOIL("int operand outside ints", m.operands.push_back(operand(OperandKind::Int, static_cast<uint32_t>(f.ints.size()) + m.slots))),
    SPOIL("real operand outside reals", m.operands.push_back(operand(OperandKind::Real, 2))),
    SPOIL("bool operand that is neither", m.operands.push_back(operand(OperandKind::Bool, 2))),
    SPOIL("string operand outside strings", m.operands.push_back(operand(OperandKind::String, 0, 0xffff))),
    SPOIL("ints operand outside ints", m.operands.push_back(operand(OperandKind::Ints, 1, static_cast<uint16_t>(f.ints.size() + m.slots)))),
    SPOIL("bools operand outside ints", m.operands.push_back(operand(OperandKind::Bools, 0xffffffff, 1))),
    SPOIL("reals operand outside reals", m.operands.push_back(operand(OperandKind::Reals, 0, 3))),
    SPOIL("int slot that is none", m.operands.push_back(operand(OperandKind::IntSlot, 2))),
    SPOIL("real slot that is none", m.operands.push_back(operand(OperandKind::RealSlot, 2))),
    SPOIL("int slots that are none", m.operands.push_back(operand(OperandKind::IntSlots, 1, 2))),
    SPOIL("instruction without place for scratch", m.instructions[0].first_operand = 0),
    SPOIL("instruction with operands outside", m.instructions[0].operand_count = 1000),
    SPOIL("instruction of unknown kind", m.instructions[0].kind = static_cast<format::InstructionKind>(4)),
    SPOIL("instruction with an op that is none", m.instructions[0].op = 1),
    SPOIL("no block", m.blocks.clear()),
    SPOIL("instruction outside all blocks", m.blocks[0].count = 1),
    SPOIL("block of more instructions than there are", m.blocks[0].count = 3),
    SPOIL("block that does not start where the last ended", m.blocks[0].first = 1),
    SPOIL("counts that wrap around", m.blocks[0].count = 0xffffffff;
          m.blocks.push_back({0xffffffff, 3, format::BlockEnd::Return, {}, 0, 0, 0})),
    SPOIL("block end of unknown kind", m.blocks[0].end = static_cast<format::BlockEnd>(3)),
    SPOIL("jump to a block that is none", m.blocks[0].end = format::BlockEnd::Jump; m.blocks[0].target = 1),
    SPOIL("jump on a number", m.blocks[0].end = format::BlockEnd::JumpIfFalse; m.blocks.push_back(m.blocks[0]);
          m.blocks[1] = {2, 0, format::BlockEnd::Return, {}, 0, 0, 0}),
    SPOIL("last block that falls through", m.values[4].dtype = DType::Bool; m.values[4].rank = 0;
          m.blocks[0].end = format::BlockEnd::JumpIfFalse; m.blocks[0].value = 4),
};
#undef SPOIL

TEST(Program, RefusesAnythingOutOfPlace) {
  for (const Spoiled& spoiled : kSpoiled) {
    FileSpec spec = full_file();
    ASSERT_EQ(open_error(spec.encode()), Error::Ok);
    spoiled.spoil(spec);
    EXPECT_EQ(open_error(spec.encode()), Error::BadProgram) << spoiled.what;
  }
}

TEST(Program, TakesEmptyValuesAnywhereInTheirPool) {
  FileSpec spec = full_file();
  MethodSpec& m = spec.methods[0];
  const uint32_t sizes = spec.list({0, 5}), strides = spec.list({5, 1});
  m.values.push_back({24, 2, DType::F32, 2, 0, 0, sizes, strides});
  m.roots.push_back(0);
  EXPECT_EQ(open_error(spec.encode()), Error::Ok);
  spec.ints[sizes + 1] = INT64_MAX;  // no element, but its numel would overflow on the way
  EXPECT_EQ(open_error(spec.encode()), Error::BadProgram);
}

TEST(Program, RefusesToReadSharedTensorListsForEver) {
  FileSpec spec = full_file();
  MethodSpec& m = spec.methods[0];
  const size_t first = spec.indices.size(), count = 30000;
  spec.indices.resize(first + count, 0);
  for (int i = 0; i < 8; ++i) m.operands.push_back(operand(OperandKind::Tensors, static_cast<uint32_t>(first), count));
  EXPECT_EQ(open_error(spec.encode()), Error::Ok);
  for (int i = 0; i < 1000; ++i) m.operands.push_back(operand(OperandKind::Tensors, static_cast<uint32_t>(first), count));
  EXPECT_EQ(open_error(spec.encode()), Error::BadProgram);
}

TEST(Program, NeverLooksAtDebugInformation) {
  const FileBytes file = full_file().encode();
  const auto* words = reinterpret_cast<const wire::Word*>(file.data() + 16);
  const auto& root = wire::root_of<format::Program>(words);
  const_cast<wire::Word&>(root.debug) = 0xdeadbeefdeadbeef;
  const_cast<wire::Word&>(root.layout_list) = 0xdeadbeefdeadbeef;
  EXPECT_EQ(open_error(file), Error::Ok);
}

}  // namespace
}  // namespace etc::testing
