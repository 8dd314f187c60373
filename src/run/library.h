// Tables that shared libraries give: ops and backends.
#pragma once

#include <cstdint>
#include <string>

namespace etc::run {

// How a library gives a table, and what messages call it.
struct LibraryTable {
  const char* function;  // extern "C" const etc::TYPE* FUNCTION()
  const char* type;
  const char* name;
  const char* abi_name;
};

// The library's function; null when it has none. UserError (kEnvironment) when the library cannot be loaded.
void* function_of_library(const std::string& path, const char* name);
// UserError (kEnvironment) unless there is a table (`abi` is not null) and it is built for the ABI `wanted`.
void check_library_table(const std::string& path, const LibraryTable& what, const uint32_t* abi, uint32_t wanted);

// The table of the library at `path`, which stays loaded until the process ends: kernels lie in it. host::UserError (kEnvironment) for a
// library that gives no table of this ABI.
template <class Table>
const Table* table_of_library(const std::string& path, const LibraryTable& what) {
  const auto give = reinterpret_cast<const Table* (*)()>(function_of_library(path, what.function));
  const Table* table = give ? give() : nullptr;
  check_library_table(path, what, table ? &table->abi : nullptr, Table::kAbi);
  return table;
}

}  // namespace etc::run
