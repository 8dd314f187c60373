// Every kind of the kernels that go over rows and elements, against plain loops in double.
#include "ops/cpu/kernels_test.h"

namespace etc::cpu {
namespace {

TEST(Kernels, PackRows) {
  for (const Kind& kind : kinds())
    for (const int64_t rows : {1, 15, 16, 17, 50})
      for (const int64_t size : {1, 5, 16, 33, 64}) {
        SCOPED_TRACE(testing::Message() << kind.name << ", " << rows << " rows of " << size << " floats");
        const int64_t step = size + 3, panels = panels_of(rows);
        const std::vector<float> x = randoms((rows - 1) * step + size, 1);  // and not a float behind the last row
        std::vector<float> packed(panels * size * kPanel + 1, kUntouched);
        kind.kernels->pack_rows(x.data(), step, rows, size, packed.data());
        for (int64_t r = 0; r < panels * kPanel; ++r)
          for (int64_t i = 0; i < size; ++i)
            ASSERT_EQ(packed[(r / kPanel * size + i) * kPanel + r % kPanel], x[std::min(r, rows - 1) * step + i])
                << "row " << r << ", element " << i;
        ASSERT_EQ(packed.back(), kUntouched);
      }
}

TEST(Kernels, NormaliseRows) {
  for (const Kind& kind : kinds())
    for (int64_t size : {1, 3, 4, 15, 16, 17, 40, 64, 65, 100, 333})
      for (bool centred : {true, false})
        for (bool affine : {true, false}) {
          SCOPED_TRACE(testing::Message() << kind.name << ", " << size << " floats" << (centred ? ", centred" : ""));
          constexpr int64_t kRows = 5;
          const int64_t x_row = size + 2, y_row = size + 1;
          const std::vector<float> x = randoms(kRows * x_row, 1), weight = randoms(size, 2), bias = randoms(size, 3);
          std::vector<float> y(kRows * y_row, kUntouched);
          NormRows r;
          r.rows = kRows, r.size = size, r.x = x.data(), r.y = y.data(), r.x_row = x_row, r.y_row = y_row, r.eps = 1e-3f;
          if (affine) r.weight = weight.data(), r.bias = centred ? bias.data() : nullptr;
          (centred ? kind.kernels->layer_norm : kind.kernels->rms_norm)(r);
          for (int64_t row = 0; row < kRows; ++row) {
            const float* from = x.data() + row * x_row;
            double mean = 0, square = 0;
            for (int64_t i = 0; i < size; ++i) mean += centred ? double(from[i]) / size : 0;
            for (int64_t i = 0; i < size; ++i) square += (from[i] - mean) * (from[i] - mean) / size;
            for (int64_t i = 0; i < size; ++i) {
              const double scaled = (from[i] - mean) / std::sqrt(square + 1e-3);
              const double expected = affine ? scaled * weight[i] + (centred ? bias[i] : 0) : scaled;
              ASSERT_NEAR(y[row * y_row + i], expected, 1e-5) << "row " << row << ", element " << i;
            }
            ASSERT_EQ(y[row * y_row + size], kUntouched);
          }
        }
}

// What an opcode makes of x and its places.
double made(Opcode opcode, double x, double a, double b) {
  switch (opcode) {
    case Opcode::Load: return a;
    case Opcode::Store: return x;
    case Opcode::Add: return x + a;
    case Opcode::Sub: return x - a;
    case Opcode::SubFrom: return a - x;
    case Opcode::Mul: return x * a;
    case Opcode::Div: return x / a;
    case Opcode::DivInto: return a / x;
    case Opcode::MulAdd: return x * a + b;
    case Opcode::AddMul: return x + a * b;
    case Opcode::Maximum:
    case Opcode::AtLeast: return std::max(x, a);
    case Opcode::Minimum:
    case Opcode::AtMost: return std::min(x, a);
    case Opcode::LeakyRelu: return x > 0 ? x : x * a;
    case Opcode::Elu: return x > 0 ? x * b : std::expm1(x) * a;
    case Opcode::Softplus: return x * a > b ? x : std::log1p(std::exp(x * a)) / a;
    case Opcode::Greater: return x > a;
    case Opcode::GreaterEqual: return x >= a;
    case Opcode::Less: return x < a;
    case Opcode::LessEqual: return x <= a;
    case Opcode::Equal: return x == a;
    case Opcode::NotEqual: return x != a;
    case Opcode::Select: return x != 0 ? a : b;
    case Opcode::Square: return x * x;
    case Opcode::Neg: return -x;
    case Opcode::Abs: return std::abs(x);
    case Opcode::Reciprocal: return 1 / x;
    case Opcode::Sqrt: return std::sqrt(x);
    case Opcode::Rsqrt: return 1 / std::sqrt(x);
    case Opcode::Exp: return std::exp(x);
    case Opcode::Log: return std::log(x);
    case Opcode::Log1p: return std::log1p(x);
    case Opcode::Erf: return std::erf(x);
    case Opcode::Tanh: return activated(Activation::Tanh, x);
    case Opcode::Sigmoid: return activated(Activation::Sigmoid, x);
    case Opcode::Round: return std::nearbyint(x);
    case Opcode::Floor: return std::floor(x);
    case Opcode::Ceil: return std::ceil(x);
    case Opcode::Trunc: return std::trunc(x);
    case Opcode::Mish: return x * std::tanh(std::log1p(std::exp(x)));
    case Opcode::Silu: return activated(Activation::Silu, x);
    case Opcode::Gelu: return activated(Activation::Gelu, x);
    case Opcode::GeluTanh: return activated(Activation::GeluTanh, x);
    case Opcode::Hardsigmoid: return activated(Activation::Hardsigmoid, x);
    case Opcode::Hardswish: return activated(Activation::Hardswish, x);
  }
  return NAN;
}

// In blocks, of which the inputs go round after 48 floats, and in one vector.
TEST(Kernels, RunPointwisePrograms) {
  constexpr int64_t kBlocks = 3, kPeriod = 48;
  std::vector<float> x = randoms(kPeriod + kMostPointwiseBlock, 1), a = randoms(kPeriod + kMostPointwiseBlock, 2);
  for (std::vector<float>* v : {&x, &a})
    for (size_t i = kPeriod; i < v->size(); ++i) (*v)[i] = (*v)[i - kPeriod];
  for (const Kind& kind : kinds())
    for (uint32_t opcode = 0; opcode < kOpcodes; ++opcode) {
      SCOPED_TRACE(testing::Message() << kind.name << ", opcode " << opcode);
      const uint32_t places = kPlacesOf[opcode];
      const bool is_store = static_cast<Opcode>(opcode) == Opcode::Store;
      const int64_t program[] = {encode(Opcode::Load, 0),
                                 encode(static_cast<Opcode>(opcode), is_store ? 3 : places > 0, places > 1 ? 2 : 0)};
      ASSERT_TRUE(is_sound({program, 2}, 2, 1));
      const int64_t block = kind.kernels->pointwise_block;
      std::vector<float> number(kMostPointwiseBlock, 0.5f), stored(kMostPointwiseBlock), result(kBlocks * block + 1, kUntouched);
      PointwiseBlocks b = {};
      b.program = program, b.end = program + 2, b.inputs = 2, b.result = result.data();
      const auto begin = [&] {
        b.at[0] = x.data(), b.at[1] = a.data(), b.at[2] = number.data(), b.at[3] = stored.data();
        for (int k = 0; k < 2; ++k) b.step[k] = block % kPeriod, b.period[k] = kPeriod, b.limit[k] = b.at[k] + kPeriod;
      };
      const auto check = [&](int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          const double truth = made(static_cast<Opcode>(opcode), x[i % kPeriod], a[i % kPeriod], 0.5);
          if (std::isnan(truth))
            ASSERT_TRUE(std::isnan(result[i])) << "of " << x[i % kPeriod];
          else
            ASSERT_NEAR(result[i], truth, 1e-6 * std::max(std::abs(truth), 1.0)) << "element " << i << ", of " << x[i % kPeriod];
        }
        ASSERT_EQ(result[n], kUntouched);
      };
      begin();
      b.blocks = kBlocks;
      kind.kernels->pointwise(b);
      check(kBlocks * block);
      if (is_store) {
        ASSERT_EQ(stored[0], result[(kBlocks - 1) * block]);
      }
      std::fill(result.begin(), result.end(), kUntouched);
      begin();
      b.result = result.data();
      kind.kernels->pointwise_one(b);
      check(kind.kernels->pointwise_vector);
    }
}

}  // namespace
}  // namespace etc::cpu
