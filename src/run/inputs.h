// From the words of the command line to one array for each input of the method.
#pragma once

#include <string>
#include <vector>

#include "host/npy.h"

namespace etc::run {

// What a tensor of the program is called and looks like.
struct Wanted {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> sizes;
  uint32_t varying = 0;  // bit d: any size up to sizes[d] will do

  bool takes(const std::vector<int64_t>& given) const;
  std::string type() const;  // "2x3xf32", "<=8x3xf32"
};

// "  x 2x3xf32\n  n i64"
std::string signature_of(const std::vector<Wanted>& tensors);

// `words` are [NAME=]INPUT. Named ones go to their input, the others fill what is left in order; the arrays of an .npz go by name when
// all of them are names of inputs, else in file order. UserError: kUsage, with the signature, for a wrong number, name, shape or dtype;
// kBadInput for a file that cannot be read. `program` is the file that errors name.
std::vector<host::Array> read_inputs(const std::vector<std::string>& words, const std::vector<Wanted>& wanted, const std::string& program);

// The array as the wanted dtype (bits of bfloat16 and float8 included), or a UserError (kUsage) that says what it is instead.
host::Array accept(host::Array array, const Wanted& wanted, const std::string& place);

}  // namespace etc::run
