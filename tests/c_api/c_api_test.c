/* The C API from a C99 translation unit: the digit reader, and what must be refused. Prints what is wrong; the count is the exit code. */
#include "etc/etc.h"

#include <stdio.h>
#include <string.h>

extern const unsigned char digits[];
extern const size_t digits_size;

static int faults = 0;
#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) {                                        \
      printf("line %d: not true: %s\n", __LINE__, #condition); \
      ++faults;                                                \
    }                                                          \
  } while (0)

static __attribute__((aligned(64))) unsigned char arena[4096], pool[8192], damaged[65536];
static __attribute__((aligned(64))) float image[64];
static __attribute__((aligned(64))) float probability[10];

static const float kThree[64] = {
#include "three.inc"
};

static int equals(etc_text text, const char* word) { return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0; }

/* Runs the tasks backwards: the bits do not depend on their order. */
static void run_backwards(void* user, size_t count, void (*task)(void*, size_t, size_t), void* argument) {
  size_t i;
  (void)user;
  for (i = count; i-- > 0;) task(argument, i, i % 2);
}

static void describes(const etc_program* program) {
  uint32_t method = 7;
  etc_needs needs;
  etc_tensor t;
  CHECK(etc_method_count(program) == 1 && equals(etc_method_name(program, 0), "forward"));
  CHECK(etc_find_method(program, "forward", &method) == ETC_OK && method == 0);
  CHECK(etc_find_method(program, "backward", &method) == ETC_BAD_ARGUMENT && method == 0);
  CHECK(etc_program_input_count(program, 0) == 1 && etc_program_output_count(program, 0) == 2);
  CHECK(equals(etc_input_name(program, 0, 0), "image") && equals(etc_output_name(program, 0, 1), "probability"));
  t = etc_program_input(program, 0, 0);
  CHECK(t.dtype == ETC_F32 && t.rank == 3 && t.sizes[0] == 1 && t.sizes[1] == 8 && t.sizes[2] == 8 && !t.data);
  t = etc_program_output(program, 0, 0);
  CHECK(t.dtype == ETC_I64);
  CHECK(etc_pool_count(program) == 1 && equals(etc_pool_name(program, 0), "main"));
  CHECK(etc_needs_of(program, 0, NULL, &needs) == ETC_OK && needs.pools == 1 && needs.state == 0 && needs.arena <= sizeof arena);
  CHECK(etc_pool_bytes(program, 0, 0) <= sizeof pool);
  CHECK(etc_init_state(program, NULL, 0) == ETC_OK);
  CHECK(etc_seed(program, NULL, 0, 1) == ETC_BAD_ARGUMENT);
}

static etc_error load(const etc_program* program, const etc_context* context, size_t arena_bytes, etc_method** method, etc_fault* fault) {
  etc_bytes pools[1];
  etc_memory memory;
  memset(&memory, 0, sizeof memory);
  pools[0].data = pool;
  pools[0].size = sizeof pool;
  memory.arena.data = arena;
  memory.arena.size = arena_bytes;
  memory.pools = pools;
  memory.pool_count = 1;
  return etc_load(program, 0, context, &memory, method, fault);
}

static void reads_a_three(const etc_program* program, const etc_context* context) {
  etc_method* method = NULL;
  etc_fault fault;
  etc_tensor out;
  const int64_t sizes[3] = {1, 8, 8}, wrong[3] = {1, 8, 9};
  CHECK(load(program, context, sizeof arena, &method, &fault) == ETC_OK);
  CHECK(etc_input_count(method) == 1 && etc_output_count(method) == 2);
  CHECK(etc_set_input_sizes(method, 0, sizes, 3) == ETC_OK);
  CHECK(etc_set_input_sizes(method, 0, wrong, 3) == ETC_BAD_SHAPE);
  memcpy(etc_input(method, 0).data, kThree, sizeof kThree);
  CHECK(etc_execute(method, UINT32_MAX, &fault) == ETC_OK);
  out = etc_output(method, 0);
  CHECK(*(const int64_t*)out.data == 3);
  out = etc_output(method, 1);
  CHECK(out.rank >= 1 && ((const float*)out.data)[3] > 0.9f);

  /* The same in memory of our own. */
  memcpy(image, kThree, sizeof image);
  CHECK(etc_bind_input(method, 0, image, sizeof image - 1) == ETC_BAD_ARGUMENT);
  CHECK(etc_bind_input(method, 0, image, sizeof image) == ETC_OK);
  CHECK(etc_bind_output(method, 1, probability, sizeof probability) == ETC_OK);
  CHECK(etc_execute(method, 0, NULL) == ETC_OK);
  CHECK(probability[3] > 0.9f);
  etc_unload(method);
}

static void refuses(const etc_program* program) {
  etc_method* method = NULL;
  etc_fault fault;
  etc_program other;
  etc_context empty;
  struct {
    uint32_t abi, count;
    const void* ops;
  } no_ops;
  const etc_op_table* tables[1];
  no_ops.abi = *(const uint32_t*)etc_builtin_ops();
  no_ops.count = 0;
  no_ops.ops = NULL;
  tables[0] = (const etc_op_table*)&no_ops;
  memset(&empty, 0, sizeof empty);
  empty.ops = tables;
  empty.op_tables = 1;
  memset(&fault, 0, sizeof fault);
  CHECK(load(program, &empty, sizeof arena, &method, &fault) == ETC_MISSING_OP && fault.error == ETC_MISSING_OP && fault.instruction == 0);
  CHECK(load(program, NULL, 64, &method, &fault) == ETC_OUT_OF_MEMORY && !method);
  CHECK(digits_size <= sizeof damaged);
  memcpy(damaged, digits, digits_size);
  damaged[digits_size / 3] ^= 1;
  CHECK(etc_open(damaged + 1, digits_size - 1, &other) == ETC_BAD_ARGUMENT);
  CHECK(etc_open(damaged, 100, &other) == ETC_BAD_PROGRAM);
  CHECK(etc_open("", 0, &other) != ETC_OK);
}

int main(void) {
  etc_program program;
  etc_context threads;
  if (etc_open(digits, digits_size, &program) != ETC_OK) return printf("does not open\n"), 1;
  describes(&program);
  reads_a_three(&program, NULL);
  memset(&threads, 0, sizeof threads);
  threads.workers = 2;
  threads.parallel_for = run_backwards;
  reads_a_three(&program, &threads);
  refuses(&program);
  CHECK(strcmp(etc_error_name(ETC_BAD_SHAPE), "bad shape") == 0 && strcmp(etc_dtype_name(ETC_BF16), "bf16") == 0);
  CHECK(etc_dtype_size(ETC_F64) == 8);
  return faults;
}
