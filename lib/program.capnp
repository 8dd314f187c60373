# The program file (.etc): one Cap'n Proto message in standard framing with two segments. The first holds the root `Program` (no far
# pointers, not packed) and is padded so that the second starts at a multiple of 64 bytes of the file. The second is raw bytes that no
# pointer reaches: constants and delegate blobs, named by offset and size. Little-endian. Major 0: exact match, no compatibility code.
@0xd3a1c6f0b27e4955;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("etc::schema");

struct Program {
  magic @0 :UInt32;            # 0x00637465, "etc\0" in memory
  major @1 :UInt16;
  minor @2 :UInt16;
  target @3 :UInt64;           # CPU features it was packed for, bits of etc/program.h; 0 = any
  constantBytes @4 :UInt64;    # used bytes of the second segment
  stateBytes @5 :UInt64;       # bytes of the state block that the caller binds, offsets below are inside it

  ints @6 :List(Int64);        # literal pools: sizes, strides, integers and integer lists of arguments
  reals @7 :List(Float64);
  indices @8 :List(UInt32);    # value ids of tensor lists
  strings @9 :Data;            # text of names and string arguments, not terminated

  ops @10 :List(OpName);
  pools @11 :List(Pool);
  states @12 :List(State);
  methods @13 :List(Method);
  debug @14 :Debug;            # never read by the runtime; absent after --strip
  layouts @15 :List(Text);     # names of packed layouts; layout n is entry n - 1
  delegates @16 :List(Delegate);
}

struct StringRef { offset @0 :UInt32; size @1 :UInt32; }   # a part of `strings`

struct OpName {
  hash @0 :UInt32;             # FNV-1a of the whole schema string
  nameOffset @1 :UInt32;       # "aten::add.Tensor", the schema up to its parenthesis
  nameSize @2 :UInt32;
  external @3 :Bool;           # schema unknown when compiled: hash is 0, and calls name the arguments that are given. Operands of a call:
                               # a String and the argument, for each; then the results, all tensors. A name ending in "!" is that of an
                               # argument that the op writes: the argument lies where, as the last results, its new values lie, in order
}

struct Delegate {              # one subgraph that a backend runs
  nameOffset @0 :UInt32;       # of the backend, "xnnpack"
  nameSize @1 :UInt32;
  blob @2 :UInt64;             # offset in the constants, multiple of 64
  blobBytes @3 :UInt64;
  instanceBytes @4 :UInt64;    # of the caller's arena, for what init leaves; multiple of 64
  arguments @5 :UInt16;        # operands of its call before the results
}

struct Pool {
  nameOffset @0 :UInt32;
  nameSize @1 :UInt32;
  bytes @2 :UInt64;            # the most that any method needs
  capacity @3 :UInt64;         # what the compiler was told that there is, 0: no limit; for people
}

struct State {                 # a mutated buffer, its bytes at `offset` of the state block
  nameOffset @0 :UInt32;
  nameSize @1 :UInt32;
  offset @2 :UInt64;           # multiple of 64
  bytes @3 :UInt64;
  initial @4 :UInt64;          # offset of the initial bytes in the constants
  sizes @5 :UInt32;            # in `ints`
  rank @6 :UInt8;
  dtype @7 :UInt8;
}

struct Value {                 # three words, used where they lie: etc/op.h, Placement. A value that may move or change its sizes costs the arena a
                               # Tensor, and so do all with lower ids: the compiler gives those the lowest
  offset @0 :UInt64;           # bytes, inside its storage
  storage @1 :UInt16;          # 0 constants, 1 state, 2 + i pool i
  dtype @2 :UInt8;
  rank @3 :UInt8;
  layout @4 :UInt16;
  flags @5 :UInt16;            # none yet: 0
  sizes @6 :UInt32;            # index in `ints` of `rank` sizes, in elements
  strides @7 :UInt32;          # index in `ints` of `rank` strides, in elements, none negative
}

struct Operand {               # one word; see etc/op.h. Arguments in schema order, then results; external: name, argument, name, …
  kind @0 :UInt8;
  reserved @1 :UInt8;
  count @2 :UInt16;
  index @3 :UInt32;
}

struct Instruction {           # two words
  firstOperand @0 :UInt32;     # index of argument 0; the operand before it is the scratch (or none), a u8 value
  operandCount @1 :UInt16;     # arguments and results
  op @2 :UInt16;               # index in `ops`; for delegates in `delegates`; else 0
  kind @3 :UInt8;              # 0 kernel call, 1 delegate call, 2 eval of slots, 3 swap of two values' addresses
  flags @4 :UInt8;             # bit 0: dynamic, an operand is a slot or a value of `dynamics`
                               # eval: postfix code, see EvalCode in lib/eval.h. swap: the two roots, then the windows on either
}

struct Block {                 # straight-line instructions and what follows them
  first @0 :UInt32;            # consecutive blocks cover all instructions in order
  count @1 :UInt32;
  end @2 :UInt8;               # 0 return, 1 jump, 2 jump if the bool value is false (else fall through)
  target @3 :UInt32;           # block
  value @4 :UInt32;            # the 0-d bool value that end 2 reads
}

struct Io {
  value @0 :UInt32;
  nameOffset @1 :UInt32;
  nameSize @2 :UInt32;
  flags @3 :UInt32;            # inputs: bit 0 = the program writes it
}

struct Method {
  nameOffset @0 :UInt32;
  nameSize @1 :UInt32;
  inputs @2 :List(Io);
  outputs @3 :List(Io);
  values @4 :List(Value);
  operands @5 :List(Operand);
  instructions @6 :List(Instruction);
  blocks @7 :List(Block);
  poolBytes @8 :List(UInt64);  # need of this method in each pool
  slots @9 :UInt32;
  roots @10 :List(UInt32);     # per value: the value whose bytes it is a window on, or itself. bind_* moves a root with its windows
  updates @11 :List(Update);   # state and inputs that the method changes
  dynamics @12 :List(Dynamic); # values whose sizes are decided at run time, by value
  slotInts @13 :UInt32;        # index in `ints` of what the slots hold at first: sizes at their upper bounds, 0 where there is none
  successors @14 :List(UInt32);  # what waits for what within a block, absent when not recorded: for i of n instructions the n + 1 bounds of
                               # its successors in this list, then the successors, each greater than i
}

struct Dynamic {               # a value whose sizes and strides are slots, at most those of the Value
  value @0 :UInt32;
  sizes @1 :UInt32;            # the first of `rank` slots
  strides @2 :UInt32;          # the same
  fixed @3 :UInt32;            # bit d: size d is always that of the Value
}

struct Update {                # after a run the bytes of `target`, a state's or an input's value, are those of `value`, which lies there
  target @0 :UInt32;
  value @1 :UInt32;
}

# --- names for people ---

struct Debug {
  methods @0 :List(MethodDebug);
  sources @1 :List(Source);
}

struct Source {                # of one node of the user's model
  node @0 :Text;
  module @1 :Text;             # module path, "layer1.0.conv"
  file @2 :Text;               # at most the last two parts of the path
  line @3 :UInt32;
}

struct MethodDebug {
  instructions @0 :List(UInt32);  # per instruction: index in `sources`, 0xffffffff = none
  values @1 :List(Text);          # per value: its name in the IR
}
