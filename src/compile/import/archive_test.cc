// Opening archives: what is read, what is refused and with which words. Archives are made here with libzip; the corpus, when there is
// one (ETC_CORPUS), is read whole.
#include "import/archive.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

namespace etc::compile {
namespace {

using Entries = std::map<std::string, std::string>;

const char* const kProgram = R"({"schema_version":{"major":8,"minor":99},"news":[1],"torch_version":"2.13.0","graph_module":{
  "graph":{"inputs":[{"as_tensor":{"name":"p_w"}}],"outputs":[{"as_tensor":{"name":"p_w"}}],"nodes":[],
    "tensor_values":{"p_w":{"dtype":7,"sizes":[{"as_int":2}],"strides":[{"as_int":1}],"storage_offset":{"as_int":0},"layout":7}}},
  "signature":{"input_specs":[{"parameter":{"arg":{"name":"p_w"},"parameter_name":"w"}}],
    "output_specs":[{"user_output":{"arg":{"as_tensor":{"name":"p_w"}}}}]},"module_call_graph":[]}})";

std::string meta(const std::string& sizes, const std::string& strides, int offset, int dtype = 7, int layout = 7) {
  const auto list = [](const std::string& numbers) {
    std::string text;
    for (size_t at = 0; at < numbers.size();) {
      const size_t end = std::min(numbers.find(',', at), numbers.size());
      text += (at ? ",{\"as_int\":" : "{\"as_int\":") + numbers.substr(at, end - at) + "}";
      at = end + 1;
    }
    return "[" + text + "]";
  };
  return "{\"dtype\":" + std::to_string(dtype) + ",\"sizes\":" + list(sizes) + ",\"strides\":" + list(strides) +
         ",\"storage_offset\":{\"as_int\":" + std::to_string(offset) + "},\"layout\":" + std::to_string(layout) + "}";
}

std::string payload(const std::string& path, const std::string& tensor_meta, bool pickled = false) {
  return "{\"path_name\":\"" + path + "\",\"is_param\":true,\"use_pickle\":" + (pickled ? "true" : "false") +
         ",\"tensor_meta\":" + tensor_meta + "}";
}

std::string floats(std::vector<float> values) { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}; }

Entries good_entries() {
  return {{"m/archive_format", "pt2"},
          {"m/archive_version", "0"},
          {"m/byteorder", "little"},
          {"m/.data/version", "6\n"},
          {"m/models/model.json", kProgram},
          {"m/data/weights/weight_0", floats({1, 2, 3, 4, 5, 6})},
          {"m/data/weights/model_weights_config.json", "{\"config\":{\"w\":" + payload("weight_0", meta("2,2", "2,1", 1)) +
                                                           ",\"tied\":" + payload("weight_0", meta("3", "2", 0)) + "}}"},
          {"m/data/constants/model_constants_config.json", "{\"config\":{}}"}};
}

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() { path_ = testing::TempDir() + "etc_archive_test." + std::to_string(getpid()) + ".pt2"; }
  ~ArchiveTest() override { std::filesystem::remove(path_); }

  void write(const Entries& entries, int method = ZIP_CM_STORE) {
    std::filesystem::remove(path_);
    zip_t* zip = zip_open(path_.c_str(), ZIP_CREATE | ZIP_EXCL, nullptr);
    ASSERT_NE(zip, nullptr);
    for (const auto& [name, bytes] : entries) {
      const zip_int64_t i = zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
      ASSERT_GE(i, 0);
      zip_set_file_compression(zip, static_cast<zip_uint64_t>(i), method, 0);
    }
    ASSERT_EQ(zip_close(zip), 0);
  }
  void write_bytes(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string read_bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  template <class F>
  std::string error_of(F f) {
    try {
      f();
    } catch (const host::UserError& e) {
      EXPECT_NE(std::string(e.what()).find(path_), std::string::npos) << "names the file: " << e.what();
      return e.what();
    }
    return "no error";
  }
  std::string open_error() {
    return error_of([&] { Archive archive(path_); });
  }
  std::string weight_error(const std::string& config) {
    Entries entries = good_entries();
    entries["m/data/weights/model_weights_config.json"] = "{\"config\":{\"w\":" + config + "}}";
    write(entries);
    return error_of([&] { Archive(path_).weight("model", "w"); });
  }

  std::string path_;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(ArchiveTest, ReadsProgramAndWeights) {
  for (int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    write(good_entries(), method);
    Archive archive(path_);
    EXPECT_EQ(archive.models(), std::vector<std::string>{"model"});
    EXPECT_EQ(archive.program("model").inputs[0].target, "w");
    const Weight w = archive.weight("model", "w");
    EXPECT_EQ(w.type, TensorType(DType::F32, {2, 2}, {2, 1}));
    EXPECT_EQ(w.offset, 1);
    ASSERT_EQ(w.storage.bytes, 24u);
    float third;
    std::memcpy(&third, w.storage.data + 8, 4);
    EXPECT_EQ(third, 3.0f);
  }
}

TEST_F(ArchiveTest, SharedWeightsShareTheirStorage) {
  for (int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    write(good_entries(), method);
    Archive archive(path_);
    EXPECT_EQ(archive.weight("model", "w").storage.data, archive.weight("model", "tied").storage.data);
  }
}

TEST_F(ArchiveTest, WeightsOutliveTheArchive) {
  write(good_entries());
  Weight w;
  {
    Archive archive(path_);
    w = archive.weight("model", "w");
  }
  float first;
  std::memcpy(&first, w.storage.data, 4);
  EXPECT_EQ(first, 1.0f);
}

TEST_F(ArchiveTest, KeepsTheOldRootOfARenamedFileAndFindsAllModels) {
  Entries entries = good_entries();
  entries["m/models/enc.json"] = kProgram;
  write(entries);
  EXPECT_EQ(Archive(path_).models(), (std::vector<std::string>{"enc", "model"}));
}

TEST_F(ArchiveTest, RefusesWhatIsNoArchive) {
  EXPECT_SAYS(open_error(), "cannot be opened: No such file");
  write_bytes("");
  EXPECT_SAYS(open_error(), "is empty");
  write_bytes("hello");
  EXPECT_SAYS(open_error(), "is no zip archive; give the file that torch.export.save");
  write(good_entries());
  const std::string whole = read_bytes();
  write_bytes(whole.substr(0, whole.size() / 2));
  EXPECT_SAYS(open_error(), "cut short");
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_SAYS(open_error(), "is a directory");
}

TEST_F(ArchiveTest, NamesOtherArchivesAndTheWayOut) {
  write({{"serialized_exported_program.json", "{}"}, {"serialized_state_dict.pt", "x"}, {"version", "8.1"}});
  EXPECT_SAYS(open_error(), "torch.export.save(torch.export.load(");
  write({{"net/constants.pkl", "x"}, {"net/data.pkl", "x"}, {"net/code/__torch__.py", "x"}});
  EXPECT_SAYS(open_error(), "TorchScript");
  write({{"net/data.pkl", "x"}, {"net/data/0", "x"}});
  EXPECT_SAYS(open_error(), "torch.save file");
  write({{"photo.jpg", "x"}});
  EXPECT_SAYS(open_error(), "not from torch.export.save");
  Entries entries = good_entries();
  entries.erase("m/data/weights/model_weights_config.json");
  entries["m/data/weights/model.pt"] = "x";
  write(entries);
  EXPECT_SAYS(open_error(), "torch 2.8");
  entries = good_entries();
  entries.erase("m/models/model.json");
  write(entries);
  EXPECT_SAYS(open_error(), "no exported program");
}

TEST_F(ArchiveTest, RefusesOtherVersionsAndByteOrders) {
  Entries entries = good_entries();
  entries["m/archive_version"] = "1";
  write(entries);
  EXPECT_SAYS(open_error(), "archive version '1'");
  entries = good_entries();
  entries["m/byteorder"] = "big";
  write(entries);
  EXPECT_SAYS(open_error(), "big-endian");
}

TEST_F(ArchiveTest, RefusesWeightsThatItCannotUse) {
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2", "1", 0), true)), "pickles are never read");
  EXPECT_SAYS(weight_error(payload("weight_0", "null", true)), "custom object");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2", "1", 0, 7, 1))), "sparse");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2", "1", 0, 10))), "complex64");
  EXPECT_SAYS(weight_error(payload("weight_9", meta("2", "1", 0))), "is missing");
  EXPECT_SAYS(weight_error(payload("../../models/model.json", meta("2", "1", 0))), "is missing");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", 0))),
              "17 dimensions");
}

TEST_F(ArchiveTest, RefusesWeightsThatReachOutsideOfTheirStorage) {
  EXPECT_SAYS(weight_error(payload("weight_0", meta("7", "1", 0))), "needs 28 bytes, but the archive holds 24");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2", "1", 5))), "needs 28 bytes");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2,2", "5,1", 0))), "needs 28 bytes");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2", "-1", 1))), "not a number");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("4611686018427387904,4", "0,0", 0))), "no memory can hold");
  EXPECT_SAYS(weight_error(payload("weight_0", meta("2", "9223372036854775807", 1))), "no memory can hold");
  EXPECT_EQ(weight_error(payload("weight_0", meta("0,9", "9,1", 100))), "no error");
}

TEST_F(ArchiveTest, NoticesAFlippedByteInAWeight) {
  write(good_entries());
  std::string bytes = read_bytes();
  const size_t at = bytes.find(floats({3, 4, 5}));
  ASSERT_NE(at, std::string::npos);
  bytes[at] ^= 1;
  write_bytes(bytes);
  EXPECT_SAYS(error_of([&] { Archive(path_).weight("model", "w"); }), "weight_0: does not have the checksum");
}

// Reads all there is, as import would.
void read_all(const std::string& path) {
  Archive archive(path);
  for (const std::string& model : archive.models())
    for (const auto& input : archive.program(model).inputs)
      if (!input.target.empty()) archive.weight(model, input.target);
}

TEST_F(ArchiveTest, SurvivesMutation) {
  for (int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    write(good_entries(), method);
    const std::string whole = read_bytes();
    std::mt19937 random(7);
    int refused = 0;
    for (int round = 0; round < 2000; ++round) {
      std::string bytes = whole;
      for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) bytes[random() % bytes.size()] = static_cast<char>(random());
      if (round % 5 == 0) bytes.resize(random() % bytes.size());
      write_bytes(bytes);
      try {
        read_all(path_);
      } catch (const host::UserError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 500);
  }
}

TEST(Corpus, IsReadWhole) {
  const char* folder = std::getenv("ETC_CORPUS");
  if (!folder || !std::filesystem::is_directory(folder)) GTEST_SKIP() << "no corpus";
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".pt2") continue;
    try {
      read_all(entry.path());
      ++read;
    } catch (const host::UserError& e) {
      const std::string what = e.what();
      EXPECT_TRUE(what.find("pickle") != what.npos || what.find("complex") != what.npos) << what;
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace etc::compile
