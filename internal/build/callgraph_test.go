// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"cmp"
	"go/token"
	"maps"
	"slices"

	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/ssa"
)

// callGraph has the synchronous calls of our functions to one another: those that
// return before the caller goes on. Static calls are certain. Calls through
// interfaces and function values follow the values (variable type analysis), so a
// message goes to the function that empties the inbox and not to the one that
// posts it. Libraries have no bodies here: a function that a library gets as an
// argument counts as called there and then. Not seen: the methods that a library
// calls of an interface value, and functions in a library's structs and containers.
type callGraph map[*ssa.Function][]call

type call struct {
	to *ssa.Function
	at token.Pos
}

// starters are the libraries' functions that call their argument on another
// goroutine.
var starters = map[string]bool{"(*sync.WaitGroup).Go": true, "time.AfterFunc": true, "context.AfterFunc": true}

func newCallGraph(all map[*ssa.Function]bool) callGraph {
	resolved := map[ssa.CallInstruction][]*ssa.Function{}
	for f, node := range vta.CallGraph(all, nil).Nodes {
		for _, e := range node.Out {
			if all[f] && all[e.Callee.Func] {
				resolved[e.Site] = append(resolved[e.Site], e.Callee.Func)
			}
		}
	}
	g := callGraph{}
	for f := range all {
		g[f] = nil
		for _, site := range sites(f) {
			to := resolved[site]
			if len(to) == 0 {
				to = handed(site, all)
			}
			for _, callee := range to {
				if callee != f || !site.Common().IsInvoke() { // else a decorator, which passes the call on to another value
					g[f] = append(g[f], call{callee, site.Pos()})
				}
			}
		}
	}
	return g
}

// sites are a function's synchronous calls; deferred ones are.
func sites(f *ssa.Function) (all []ssa.CallInstruction) {
	for _, block := range f.Blocks {
		for _, instruction := range block.Instrs {
			site, ok := instruction.(ssa.CallInstruction)
			if _, spawned := instruction.(*ssa.Go); ok && !spawned {
				all = append(all, site)
			}
		}
	}
	return all
}

// handed are our functions among the arguments of a call that leaves our code.
func handed(site ssa.CallInstruction, all map[*ssa.Function]bool) (to []*ssa.Function) {
	if f := site.Common().StaticCallee(); f != nil && starters[f.String()] {
		return nil
	}
	for _, argument := range site.Common().Args {
		if f := literal(argument); all[f] {
			to = append(to, f)
		}
	}
	return to
}

// literal is the function that a value names, makes or binds; else nil.
func literal(v ssa.Value) *ssa.Function {
	switch v := v.(type) {
	case *ssa.Function:
		return v
	case *ssa.MakeClosure:
		return v.Fn.(*ssa.Function)
	case *ssa.ChangeType:
		return literal(v.X)
	}
	return nil
}

// knots are the strongly connected components with a cycle, by Tarjan's algorithm,
// each sorted by name.
func (g callGraph) knots() (found [][]*ssa.Function) {
	index, low := map[*ssa.Function]int{}, map[*ssa.Function]int{}
	var stack []*ssa.Function
	var visit func(f *ssa.Function)
	visit = func(f *ssa.Function) {
		index[f] = len(index) + 1
		low[f] = index[f]
		stack = append(stack, f)
		for _, c := range g[f] {
			if index[c.to] == 0 {
				visit(c.to)
				low[f] = min(low[f], low[c.to])
			} else if slices.Contains(stack, c.to) {
				low[f] = min(low[f], index[c.to])
			}
		}
		if low[f] < index[f] {
			return
		}
		start := slices.Index(stack, f)
		knot := slices.SortedFunc(slices.Values(stack[start:]), byName)
		stack = stack[:start]
		if len(knot) > 1 || slices.ContainsFunc(g[f], func(c call) bool { return c.to == f }) {
			found = append(found, knot)
		}
	}
	for _, f := range slices.SortedFunc(maps.Keys(g), byName) {
		if index[f] == 0 {
			visit(f)
		}
	}
	return found
}

func byName(a, b *ssa.Function) int {
	return cmp.Or(cmp.Compare(a.String(), b.String()), cmp.Compare(a.Pos(), b.Pos()))
}

// ring is a shortest cycle of a knot, as the calls on it; the last one goes to the
// function that makes the first.
func (g callGraph) ring(knot []*ssa.Function) (shortest []call) {
	for _, start := range knot {
		came := map[*ssa.Function][]call{start: {}}
		for next := []*ssa.Function{start}; len(next) > 0; next = next[1:] {
			for _, c := range g[next[0]] {
				way := append(slices.Clone(came[next[0]]), c)
				if c.to == start && (shortest == nil || len(way) < len(shortest)) {
					shortest = way
				}
				if came[c.to] == nil && slices.Contains(knot, c.to) {
					came[c.to] = way
					next = append(next, c.to)
				}
			}
		}
	}
	return shortest
}
