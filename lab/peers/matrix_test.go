// SPDX-License-Identifier: Apache-2.0

package peers_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// row is what the clients made of a reply.
type row struct {
	reply
	peers []netip.Prefix // as in peers; invalid: refused
	ours  netip.Prefix
	said  string   // leased's error
	told  []values // by the peers
	got   values   // by leased
}

// A reply that three of the four peers bind is bound by leased, or refused for a reason that the
// table and leased's error name. What three of them take from it leased takes, too, or the table
// says why not.
func TestRepliesThatOtherClientsTake(t *testing.T) {
	testlan.RequireUsers(t)
	begin := time.Now()
	rows := matrix(t)
	t.Logf("%d replies in %s\n%s", len(rows), time.Since(begin).Round(time.Second), table(rows))
	for i, p := range peers { // else it was not the replies that were refused
		if have := rows[0].peers[i]; have.Addr() != address(0) {
			t.Errorf("%s takes %s where nothing is amiss, want %s", p.name, shown(have), address(0))
		}
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if wrong := r.wrong(); wrong != "" {
				t.Error(wrong)
			}
			if others := r.others(); others != "" && r.differs == "" {
				t.Errorf("%s; the table does not say why; the peers have %s", others, r.told)
			}
		})
	}
}

// matrix gives all replies to all clients, side by side.
func matrix(t *testing.T) []row {
	t.Helper()
	var others []*client
	for _, p := range peers {
		c := newClient(t, p.name, replies)
		p.start(c)
		others = append(others, c)
	}
	answers := leased(newApart(t, replies))
	end := time.Now().Add(patience)
	for _, c := range others {
		c.settle(end)
	}
	answers.all.Wait()
	for _, c := range others {
		c.look() // for what came late
	}
	var rows []row
	for i, r := range replies {
		row := row{reply: r, ours: answers.bound[i], said: answers.refused[i], got: answers.got[i]}
		for _, c := range others {
			row.peers, row.told = append(row.peers, c.taken[i]), append(row.told, c.told(i))
		}
		rows = append(rows, row)
	}
	return rows
}

// majority is the address that three peers bind; invalid: none.
func (r row) majority() netip.Addr {
	count := map[netip.Addr]int{}
	for _, p := range r.peers {
		if a := p.Addr(); a.IsValid() {
			count[a]++
		}
	}
	for a, n := range count {
		if n >= 3 {
			return a
		}
	}
	return netip.Addr{}
}

// wrong says what is wrong with a row; "" if nothing is.
func (r row) wrong() string {
	most := r.majority()
	switch {
	case r.ours.IsValid() && r.refusal != "":
		return fmt.Sprintf("leased binds %s, and the table has it refuse: %s", r.ours, r.refusal)
	case r.ours.IsValid() && most.IsValid() && r.ours.Addr() != most:
		return fmt.Sprintf("leased binds %s, three others %s", r.ours, most)
	case r.ours.IsValid():
		return ""
	case r.refusal == "" || !strings.Contains(r.said, r.refusal):
		return fmt.Sprintf("leased refuses it, and says %q; the table has %q", r.said, r.refusal)
	case most.IsValid() && r.why == "":
		return fmt.Sprintf("leased refuses what three others bind (%s), and the table does not say why; leased says %q", most, r.said)
	}
	return ""
}

// table has a row a reply, and what each client took.
func table(rows []row) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "reply")
	for _, p := range peers {
		fmt.Fprint(w, "\t", p.name)
	}
	fmt.Fprintln(w, "\tleased")
	for _, r := range rows {
		fmt.Fprint(w, r.name)
		for _, p := range append(r.peers, r.ours) {
			fmt.Fprint(w, "\t", shown(p))
		}
		fmt.Fprintln(w, "", r.refusal)
	}
	w.Flush()
	return b.String()
}

func shown(p netip.Prefix) string {
	if !p.IsValid() {
		return "refused"
	}
	return p.String()
}
