// While a HeapTrap lives, whoever in this process calls malloc, free or any of their family ends it with a message.
#pragma once

namespace etc::testing {

class HeapTrap {
 public:
  HeapTrap();
  ~HeapTrap();
  HeapTrap(const HeapTrap&) = delete;
};

}  // namespace etc::testing
