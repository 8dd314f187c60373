// NumPy's array files, .npy and .npz: numbers only, never a pickle.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "etc/base.h"
#include "host/mapped_file.h"

namespace etc::host {

// Row-major and little-endian, whatever the file had.
struct Array {
  DType dtype = DType::F32;
  std::vector<int64_t> sizes;
  std::vector<std::byte> bytes;
  int64_t numel() const;
};
using NamedArray = std::pair<std::string, Array>;

// NumPy has no bfloat16 and float8: they travel as their bits. `|V2` (as ml_dtypes writes it) reads as BF16, `V1` and `f1` as U8;
// BF16 is written as `|V2` and float8 as uint8. True when an array of `given` may be taken for `wanted`.
bool is_bits_of(DType given, DType wanted);

// UserError (kBadInput) beginning with `place`: not an array file, damaged, or of elements that etc does not have.
Array parse_npy(const std::byte* data, uint64_t size, const std::string& place);
std::string npy_bytes(const Array& array);

// By content, not by name: the arrays of an .npz in file order (names without ".npy"), or the one of an .npy with an empty name.
std::vector<NamedArray> read_arrays(const std::string& path);
void write_npz(const std::string& path, const std::vector<NamedArray>& arrays);

}  // namespace etc::host
