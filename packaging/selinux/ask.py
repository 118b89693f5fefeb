# SPDX-License-Identifier: Apache-2.0
"""python3 ask.py POLICY <QUESTIONS: answers what a compiled SELinux policy allows.

A question is a line "may SOURCE TARGET CLASS PERMISSION..." or "must_not ...". A target
that is an attribute stands for each of its types ("may") or any of them but SOURCE
("must_not"). Rules that a boolean switches do not count for "may". It prints the
questions that are answered wrongly, and fails if there are any.
"""

import functools
import sys

import setools

policy = setools.SELinuxPolicy(sys.argv[1])


@functools.lru_cache(maxsize=None)
def rules(source):
    """The rules of a domain: targets, class, permissions, whether always in force."""
    found = setools.TERuleQuery(policy, ruletype=["allow"], source=source).results()
    return [(expand(r.target), str(r.tclass), set(r.perms), not conditional(r)) for r in found]


def conditional(rule):
    try:
        return bool(rule.conditional)
    except setools.exception.RuleNotConditional:
        return False


@functools.lru_cache(maxsize=None)
def expand(target):
    return frozenset(str(t) for t in target.expand())


def allowed(source, target, tclass, always):
    """The permissions that a source has on one type."""
    perms = set()
    for targets, c, p, unconditional in rules(source):
        if c == tclass and target in targets and (unconditional or not always):
            perms |= p
    return perms


def wrong(verb, source, target, tclass, *perms):
    targets = expand(policy.lookup_type_or_attr(target))
    if verb == "may":
        return any(set(perms) - allowed(source, t, tclass, True) for t in targets)
    others = targets - {source} if len(targets) > 1 else targets
    return any(set(perms) & allowed(source, t, tclass, False) for t in others)


bad = [q for q in sys.stdin.read().splitlines() if wrong(*q.split())]
print("\n".join(bad))
sys.exit(bool(bad))
