// The reader of pointers, on words made by hand.
#include "wire.h"

#include <gtest/gtest.h>

#include "format.h"

namespace etc::wire {
namespace {

Word list_pointer(int32_t offset, uint32_t code, uint32_t count) {
  return static_cast<uint32_t>(offset << 2 | 1) | static_cast<Word>(code | count << 3) << 32;
}
Word struct_pointer(int32_t offset, uint32_t data, uint32_t pointers) {
  return static_cast<uint32_t>(offset << 2) | static_cast<Word>(data | pointers << 16) << 32;
}

template <class T>
bool accept(Reader& reader, const Word& pointer) {
  return reader.accept_lists(&pointer, {&kListOf<T>, 1});
}
template <class T>
bool accepts(Span<const Word> segment) {
  Reader reader(segment);
  return accept<T>(reader, segment[0]);
}

TEST(Wire, TakesNullAsEmptyList) {
  const Word segment[] = {0};
  EXPECT_TRUE(accepts<int64_t>(segment));
  EXPECT_EQ(list_at<int64_t>(segment[0]).size, 0u);
}

TEST(Wire, ReadsNumbersInPlace) {
  const Word segment[] = {list_pointer(1, 4, 3), 99, 0x0000000200000001, 3};
  ASSERT_TRUE(accepts<uint32_t>(segment));
  const Span<const uint32_t> list = list_at<uint32_t>(segment[0]);
  ASSERT_EQ(list.size, 3u);
  EXPECT_EQ(list[0], 1u);
  EXPECT_EQ(list[2], 3u);
}

TEST(Wire, RoundsListsUpToWords) {
  for (uint32_t bytes = 0; bytes <= 17; ++bytes) {
    const Word segment[] = {list_pointer(0, 2, bytes), 0, 0};
    EXPECT_EQ(accepts<char>(segment), bytes <= 16) << bytes;
  }
}

TEST(Wire, ReadsRecordsBehindTheirTag) {
  const Word segment[] = {list_pointer(0, 7, 2), struct_pointer(2, 1, 0), 0x0000000500010001, 0x0000000600000002};
  ASSERT_TRUE(accepts<format::OperandRecord>(segment));
  const auto list = list_at<format::OperandRecord>(segment[0]);
  ASSERT_EQ(list.size, 2u);
  EXPECT_EQ(list[0].kind, OperandKind::Tensor);
  EXPECT_EQ(list[0].index, 5u);
  EXPECT_EQ(list[1].index, 6u);
}

TEST(Wire, RefusesTargetsOutsideTheSegment) {
  const Word after[] = {list_pointer(1, 5, 1), 0}, before[] = {list_pointer(-2, 5, 1), 0},
             far_after[] = {list_pointer(0x1fffffff, 5, 0), 0};
  EXPECT_FALSE(accepts<int64_t>(after));
  EXPECT_FALSE(accepts<int64_t>(before));
  EXPECT_FALSE(accepts<int64_t>(far_after));
  const Word huge[] = {list_pointer(0, 5, 0x1fffffff), 0};
  EXPECT_FALSE(accepts<int64_t>(huge));
}

TEST(Wire, RefusesFarAndCapabilityPointers) {
  for (Word kind : {2, 3}) {
    const Word segment[] = {(list_pointer(0, 5, 1) & ~Word{3}) | kind, 0};
    EXPECT_FALSE(accepts<int64_t>(segment));
  }
}

TEST(Wire, RefusesElementsOfOtherSizes) {
  for (uint32_t code = 0; code < 8; ++code) {
    const Word segment[] = {list_pointer(0, code, 1), struct_pointer(1, 1, 0), 0};
    EXPECT_EQ(accepts<int64_t>(segment), code == 5);
    EXPECT_EQ(accepts<double>(segment), code == 5);
    EXPECT_EQ(accepts<uint32_t>(segment), code == 4);
    EXPECT_EQ(accepts<char>(segment), code == 2);
    EXPECT_EQ(accepts<format::OperandRecord>(segment), code == 7);
  }
}

TEST(Wire, RefusesRecordsOfOtherShapes) {
  const auto with_tag = [](Word tag, uint32_t words) {
    const Word segment[] = {list_pointer(0, 7, words), tag, 0, 0, 0, 0};
    return accepts<format::Instruction>(segment);
  };
  EXPECT_TRUE(with_tag(struct_pointer(2, 2, 0), 4));
  EXPECT_FALSE(with_tag(struct_pointer(1, 2, 0), 4));      // words left over
  EXPECT_FALSE(with_tag(struct_pointer(3, 2, 0), 4));      // too few words
  EXPECT_FALSE(with_tag(struct_pointer(4, 1, 0), 4));      // smaller records
  EXPECT_FALSE(with_tag(struct_pointer(2, 1, 1), 4));      // a pointer where data belongs
  EXPECT_FALSE(with_tag(struct_pointer(2, 2, 0) | 1, 4));  // no struct
  EXPECT_FALSE(with_tag(struct_pointer(-1, 2, 0), 4));     // 2^30 - 1 elements
}

TEST(Wire, PaysForEachWordOnce) {
  // Both pointers reach the same five words of a segment of eight.
  const Word segment[] = {list_pointer(2, 5, 5), list_pointer(1, 5, 5), 0, 0, 0, 0, 0, 0};
  Reader reader(segment);
  EXPECT_TRUE(accept<int64_t>(reader, segment[0]));
  EXPECT_FALSE(accept<int64_t>(reader, segment[1]));
}

TEST(Wire, RootHasExactlyTheWordsAskedFor) {
  const auto with_root = [](Word pointer) {
    const Word segment[] = {pointer, 0, 0, 0, 0};
    return Reader(segment).accept_root<format::Instruction>();
  };
  EXPECT_TRUE(with_root(struct_pointer(0, 2, 0)));
  EXPECT_TRUE(with_root(struct_pointer(2, 2, 0)));
  EXPECT_FALSE(with_root(struct_pointer(3, 2, 0)));
  EXPECT_FALSE(with_root(struct_pointer(-2, 2, 0)));
  EXPECT_FALSE(with_root(struct_pointer(0, 3, 0)));
  EXPECT_FALSE(with_root(0));
  EXPECT_FALSE(Reader({}).accept_root<format::Instruction>());
}

}  // namespace
}  // namespace etc::wire
