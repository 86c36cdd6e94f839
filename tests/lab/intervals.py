"""intervals.py: Clopper-Pearson intervals of a share, from the binomial distribution itself."""
import math


def at_most(k, n, p):
    """P(X <= k) of n tries with p."""
    if p <= 0 or k >= n:
        return 1.0
    if p >= 1:
        return 0.0
    one = math.lgamma(n + 1)
    return min(1.0, math.fsum(math.exp(one - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p)
                                       + (n - i) * math.log1p(-p)) for i in range(k + 1)))


def _solve(falls, target):
    """Where the falling function meets the target."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if falls(middle) > target else (low, middle)
    return (low + high) / 2


def upper(k, n, miss):
    """The share above which k or fewer of n come with a probability of less than `miss`."""
    return 1.0 if k >= n else _solve(lambda p: at_most(k, n, p), miss)


def lower(k, n, miss):
    return 0.0 if k <= 0 else 1 - upper(n - k, n, miss)


def two_sided(k, n, miss=0.05):
    return lower(k, n, miss / 2), upper(k, n, miss / 2)
