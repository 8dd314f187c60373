/* The runtime in C99: everything that etc/program.h and etc/method.h offer to a program that runs models. No heap, no exceptions; all
   memory is the caller's. Every function that can fail returns an etc_error; on another value than ETC_OK nothing else has been written.
   Indices (method, pool, input …) must be below the counts that the functions give. */
#ifndef ETC_ETC_H
#define ETC_ETC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who can act: the maker of the file (1-3), the integrator (4, 5), the caller of the run (6-10), the backend (11). */
typedef enum etc_error {
  ETC_OK,
  ETC_BAD_PROGRAM,
  ETC_WRONG_VERSION,
  ETC_WRONG_TARGET,
  ETC_MISSING_OP,
  ETC_OUT_OF_MEMORY,
  ETC_BAD_ARGUMENT,
  ETC_BAD_SHAPE,
  ETC_BAD_VALUE,
  ETC_OUT_OF_BUDGET,
  ETC_CANCELLED,
  ETC_DELEGATE_FAILED
} etc_error;

typedef enum etc_dtype {
  ETC_BOOL,
  ETC_U8,
  ETC_I8,
  ETC_I16,
  ETC_I32,
  ETC_I64,
  ETC_F16,
  ETC_BF16,
  ETC_F32,
  ETC_F64,
  ETC_F8E4M3FN,
  ETC_F8E5M2,
  ETC_U16,
  ETC_U32,
  ETC_U64
} etc_dtype;

enum { ETC_MAX_RANK = 16, ETC_MAX_POOLS = 16, ETC_ALIGNMENT = 64 };

/* Text inside the program file; not terminated. */
typedef struct etc_text {
  const char* data;
  size_t size;
} etc_text;

typedef struct etc_bytes {
  void* data;
  size_t size;
} etc_bytes;

/* A verified program: a view over the caller's bytes, which stay put and unchanged. May be copied. */
typedef struct etc_program {
  uintptr_t opaque[4];
} etc_program;

/* Lives in the arena. */
typedef struct etc_method etc_method;

/* Kernels and backends: the tables of etc/op.h and etc/delegate.h. */
typedef struct etc_op_table etc_op_table;
typedef struct etc_delegate_table etc_delegate_table;

/* Exact bytes, before anything is loaded; pools by etc_pool_bytes. */
typedef struct etc_needs {
  uint64_t arena, state, worker_scratch;
  uint32_t pools;
} etc_needs;

/* What the caller lends, each at a multiple of ETC_ALIGNMENT, no two overlapping; `worker_scratch` has one block for each worker. */
typedef struct etc_memory {
  etc_bytes arena;
  const etc_bytes* pools; /* one for each of the program, up to ETC_MAX_POOLS */
  uint32_t pool_count;
  etc_bytes state, worker_scratch;
} etc_memory;

/* Kernels, backends and threads; zero stands for the built-in kernels, no backend, one thread. parallel_for runs task(argument, index,
   worker) for each index below count, on any threads, with worker < workers, never two at once with the same worker, and
   returns when all are done. */
typedef struct etc_context {
  const etc_op_table* const* ops;
  uint32_t op_tables;
  const etc_delegate_table* const* delegates;
  uint32_t delegate_tables;
  uint32_t workers;
  void* user;
  void (*parallel_for)(void* user, size_t count, void (*task)(void* argument, size_t index, size_t worker), void* argument);
} etc_context;

/* Sizes and strides are counted in elements, strides may be anything. A null stride: the tensor is contiguous. */
typedef struct etc_tensor {
  void* data;
  const int64_t* sizes;
  const int64_t* strides;
  etc_dtype dtype;
  uint32_t rank;
} etc_tensor;

/* Where it failed; UINT32_MAX where that does not apply. */
typedef struct etc_fault {
  etc_error error;
  uint32_t instruction, operand;
} etc_fault;

const char* etc_error_name(etc_error error);
const char* etc_dtype_name(etc_dtype dtype);
size_t etc_dtype_size(etc_dtype dtype);

/* `bytes` at a multiple of ETC_ALIGNMENT. */
etc_error etc_open(const void* bytes, size_t size, etc_program* program);
uint32_t etc_method_count(const etc_program* program);
etc_text etc_method_name(const etc_program* program, uint32_t method);
etc_error etc_find_method(const etc_program* program, const char* name, uint32_t* method);

/* Names, dtypes and (largest) sizes of what a method takes and gives, before it is loaded; data is null. */
uint32_t etc_program_input_count(const etc_program* program, uint32_t method);
uint32_t etc_program_output_count(const etc_program* program, uint32_t method);
etc_text etc_input_name(const etc_program* program, uint32_t method, uint32_t i);
etc_text etc_output_name(const etc_program* program, uint32_t method, uint32_t i);
etc_tensor etc_program_input(const etc_program* program, uint32_t method, uint32_t i);
etc_tensor etc_program_output(const etc_program* program, uint32_t method, uint32_t i);

uint32_t etc_pool_count(const etc_program* program);
etc_text etc_pool_name(const etc_program* program, uint32_t pool);
uint64_t etc_pool_bytes(const etc_program* program, uint32_t method, uint32_t pool);
etc_error etc_needs_of(const etc_program* program, uint32_t method, const etc_context* context, etc_needs* needs);
/* Writes the initial values of the state, which etc_load does not. */
etc_error etc_init_state(const etc_program* program, void* state, size_t size);
/* Begins the random numbers anew, after etc_init_state, which begins with seed 0. ETC_BAD_ARGUMENT when the program draws none. */
etc_error etc_seed(const etc_program* program, void* state, size_t size, uint64_t seed);

const etc_op_table* etc_builtin_ops(void);
/* `context` and `fault` may be null. The arena and the other memory outlive the method. */
etc_error etc_load(const etc_program* program, uint32_t method, const etc_context* context, const etc_memory* memory, etc_method** loaded,
                   etc_fault* fault);
/* Before the memory of a method with backends goes. */
void etc_unload(etc_method* method);

uint32_t etc_input_count(const etc_method* method);
uint32_t etc_output_count(const etc_method* method);
/* Fill every input before each run, after its sizes are set: the plan reuses their bytes. */
etc_tensor etc_input(const etc_method* method, uint32_t i);
etc_tensor etc_output(const etc_method* method, uint32_t i);
etc_error etc_set_input_sizes(etc_method* method, uint32_t i, const int64_t* sizes, uint32_t rank);
/* Puts the caller's memory, 16-byte aligned, in the place of planned memory from the next run on. */
etc_error etc_bind_input(etc_method* method, uint32_t i, void* data, size_t size);
etc_error etc_bind_output(etc_method* method, uint32_t i, void* data, size_t size);

/* `budget` bounds the backward jumps; UINT32_MAX for no matter how many. `fault` may be null. */
etc_error etc_execute(etc_method* method, uint32_t budget, etc_fault* fault);

#ifdef __cplusplus
}
#endif

#endif
