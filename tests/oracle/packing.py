"""The form of weights that the fast kernels read (ops/cpu/packed.h)."""
import torch


def packed(weight):
    """[n, k] as panels of 16 outputs."""
    n, k = weight.shape
    whole = torch.zeros((n + 15) // 16 * 16, k)
    whole[:n] = weight
    return whole.reshape(-1, 16, k).permute(0, 2, 1).contiguous()
