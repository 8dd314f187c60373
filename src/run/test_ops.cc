// The tests' ops as a library for --ops.
#include "testing/ops.h"

extern "C" const etc::OpTable* etc_ops() { return &etc::testing::kTestOps; }
