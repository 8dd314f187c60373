"""etc::random against Philox written down again: which bits, in which order, and how far the counter moves."""
import pytest
import torch

from etc_op import EtcError, call

WORD = 0xFFFFFFFF


def philox(counter, key):
    """Four words; counter and key are 64 bits wide here, as in the op's state."""
    a, b, c, d = counter & WORD, counter >> 32, 0, 0
    k, l = key & WORD, key >> 32
    for _ in range(10):
        x, y = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (y >> 32) ^ b ^ k, y & WORD, (x >> 32) ^ d ^ l, x & WORD
        k, l = (k + 0x9E3779B9) & WORD, (l + 0xBB67AE85) & WORD
    return [a, b, c, d]


def words(key, counter, count):
    blocks = (philox((counter + i) % 2**64, key) for i in range(-(-count // 4)))
    return [w for block in blocks for w in block][:count]


def signed(number):
    return number - 2**64 if number >= 2**63 else number


def state(key, counter):
    return torch.tensor([signed(key), signed(counter)])


def draw(key, counter, size, dtype):
    return call("etc::random", state(key, counter), size, dtype=dtype, direct=True)


SEEDS = [(0, 0), (1, 0), (0, 1), (2**63 + 12345, 2**32 - 2), (2**64 - 1, 2**64 - 3)]


@pytest.mark.parametrize("key,counter", SEEDS)
@pytest.mark.parametrize("dtype,digits", [(torch.float32, 24), (torch.float16, 11), (torch.bfloat16, 8)])
def test_a_float_has_the_upper_bits_of_a_word(key, counter, dtype, digits):
    next_state, values = draw(key, counter, [5, 3], dtype)
    expected = torch.tensor([(w >> (32 - digits)) / 2**digits for w in words(key, counter, 15)], dtype=torch.float64)
    assert torch.equal(values.double().flatten(), expected)
    assert torch.equal(next_state, state(key, (counter + 4) % 2**64))


@pytest.mark.parametrize("key,counter", SEEDS)
def test_doubles_and_integers_take_two_words(key, counter):
    w = words(key, counter, 14)
    pairs = [low | high << 32 for low, high in zip(w[::2], w[1::2])]
    next_state, integers = draw(key, counter, [7], torch.int64)
    assert integers.tolist() == [signed(p) for p in pairs]
    assert draw(key, counter, [7], torch.float64)[1].tolist() == [(p >> 11) / 2**53 for p in pairs]
    assert torch.equal(next_state, state(key, (counter + 4) % 2**64))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_draws_go_on_where_the_last_one_ended(dtype):
    """So that two draws of whole blocks are one, whatever the sizes; more than a piece of parallel work."""
    whole_state, whole = draw(7, 100, [20000], dtype)
    first_state, first = draw(7, 100, [3, 4000], dtype)
    second_state, second = call("etc::random", first_state, [8000], dtype=dtype, direct=True)
    assert torch.equal(whole, torch.cat([first.flatten(), second]))
    assert torch.equal(whole_state, second_state)


def test_an_empty_draw_takes_nothing():
    next_state, values = draw(3, 9, [0, 4], torch.float32)
    assert list(values.shape) == [0, 4] and next_state.tolist() == [3, 9]
    assert draw(3, 9, [], torch.float32)[0].tolist() == [3, 10]


def test_refuses_what_is_no_state_or_no_dtype_of_it():
    for bad in (torch.zeros(2), torch.zeros(3, dtype=torch.int64), torch.zeros(2, 1, dtype=torch.int64)):
        with pytest.raises(EtcError):
            call("etc::random", bad, [3], dtype=torch.float32, direct=True)
    for dtype in (torch.int32, torch.bool, torch.float8_e5m2):
        with pytest.raises(EtcError):
            call("etc::random", state(0, 0), [3], dtype=dtype, direct=True)
    with pytest.raises(EtcError):
        call("etc::random", state(0, 0), [2**40, 2**40], dtype=torch.float32, direct=True)
