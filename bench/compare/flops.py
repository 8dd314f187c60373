"""What a model computes, counted in the graph that torch.export decomposes.

Two for each multiply and add of a matrix product or a convolution, everything else is free. Convolutions count as direct ones, so whoever
computes less (Winograd) can pass 100 % of the peak; padding counts like picture; a transposed convolution counts its products for each
element of the input. Attention counts its two products, queries by keys and weights by values, in full: a mask saves nothing.
"""
import math


def matrix_product(a, b):
    return 2 * math.prod(a) * b[-1]


def convolution(picture, weight, result, is_transposed):
    """`weight` is [outputs, inputs of a group, kernel] or, transposed, [inputs, outputs of a group, kernel]."""
    return 2 * math.prod(picture if is_transposed else result) * math.prod(weight[1:])


def attention(query, key, value):
    """Shapes end in tokens and width; fewer heads of keys than of queries are shared."""
    return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def flops_of(node):
    """Of one call in a graph of torch.fx."""
    shapes = [tuple(a.meta["val"].shape) if hasattr(a, "meta") and hasattr(a.meta.get("val"), "shape") else None for a in node.args]
    match str(node.target).split(".")[1] if "." in str(node.target) else str(node.target):
        case "mm" | "bmm":
            return matrix_product(shapes[0], shapes[1])
        case "addmm" | "baddbmm":
            return matrix_product(shapes[1], shapes[2])
        case "convolution":
            return convolution(shapes[0], shapes[1], node.meta["val"].shape, is_transposed=node.args[6])
        case name if "scaled_dot_product" in name:
            return attention(*shapes[:3])
        case "matmul" | "linear" | "lstm" | "gru" | "conv1d" | "conv2d" | "mv" | "dot":
            raise ValueError(f"{node.target} should have been decomposed")
    return 0


def flops_of_program(program):
    """`program` is what torch.export.export gave."""
    return sum(flops_of(node) for node in program.run_decompositions().graph.nodes if node.op == "call_function")
