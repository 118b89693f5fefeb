// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"context"
	"time"

	"podman-net-dhcp/leased/internal/clock"
	"podman-net-dhcp/leased/internal/event"
	"podman-net-dhcp/leased/internal/ipv4"
	"podman-net-dhcp/leased/internal/ipv6"
	"podman-net-dhcp/leased/internal/kernel"
	"podman-net-dhcp/leased/internal/lan"
)

// mending is what an attachment keeps while its link is in trouble, and for calmTime after.
type mending struct {
	trouble kernel.Trouble // zero: none any more
	tries   int            // to mend it, since it was calm last
	at      clock.Instant  // of the next try, or the end of the calm
	asks    bool           // waits at the LAN's gate, to have the lease confirmed
	said    string         // the trouble that the log has said last, once
	tells   bool           // and not yet that it is over
}

const (
	// calmTime is how long a link lasts before its next trouble counts as a new one.
	calmTime = time.Minute
	// free is how many tries come at once: whoever configures a network changes several things.
	free = 2
	// contested is how many times in a row another program may take a port away before the log
	// says so. leased goes on, once a minute.
	contested = 4
	// mendTime bounds one try.
	mendTime = 5 * time.Second
)

// LinkChanged is told that the link, or what it hangs on, may not be as it was. back: the host's
// interface leads to its LAN again, which may be another one.
func (a *Attachment) LinkChanged(back bool) {
	if !a.lives() || a.Ending() {
		return
	}
	if was := a.unowned || a.look(back); was && back && !a.Ending() {
		a.confirm()
	}
}

// look looks at the link, and mends it. It reports whether nothing is amiss, and was before.
func (a *Attachment) look(back bool) (was bool) {
	t, err := a.env.Kernel.Look(a.place, a.req)
	switch {
	case kernel.IsGone(err):
		a.Lost(err)
	case err != nil:
		a.Emit(event.Failed{What: "look at the link", Err: err})
	case t.What == 0:
		return !a.sound()
	case t.Linkless && !a.req.Link.IsMade():
		a.Lost(errLinkGone)
	default:
		a.inTrouble(t, back)
	}
	return false
}

// inTrouble notes what is amiss. It is mended at once, and later and later if it comes back.
func (a *Attachment) inTrouble(t kernel.Trouble, back bool) {
	if a.mend == nil {
		a.mend = &mending{}
	}
	m := a.mend
	if t.Text != m.said {
		a.Emit(event.LinkTrouble{Text: t.Text})
		m.said, m.tells = t.Text, true
	}
	news := t.What != m.trouble.What
	m.trouble = t
	if t.Linkless {
		a.unlink()
	}
	a.host.Show(a.Snapshot())
	switch now := a.Now(); {
	case t.What == kernel.HostGone: // its return is told
		m.tries, m.at = 0, now.Add(calmTime)
	case back || news && m.tries < free || !news && now >= m.at:
		a.mendLink()
	case news:
		m.at = now.Add(pause(m.tries))
	}
}

// pause precedes the next try: 1, 2, 4 … 64 s.
func pause(tries int) time.Duration { return time.Second << min(max(tries-free, 0), 6) }

// mendLink makes a link as it was at Setup, or plugs it in again.
func (a *Attachment) mendLink() {
	m := a.mend
	if m.tries++; m.tries == contested {
		a.Emit(event.LinkContested{Text: m.trouble.Text})
	}
	m.at = a.Now().Add(pause(m.tries))
	switch err := a.tryToMend(); {
	case err == nil:
		a.sound()
	case kernel.IsGone(err) && !kernel.IsLinkGone(err):
		a.Lost(err)
	case m.tries < contested:
		a.Emit(event.Failed{What: "mend the link", Err: err})
	}
}

func (a *Attachment) tryToMend() error {
	ctx, cancel := context.WithTimeout(context.Background(), mendTime)
	defer cancel()
	if !a.mend.trouble.Linkless {
		return a.env.Kernel.Replug(ctx, a.mend.trouble, a.req, a.pause)
	}
	at, err := a.env.Kernel.Enter(a.place) // of the netns: that there is no link is known
	if a.place = at; err == nil {
		at, err = a.env.Kernel.Relink(ctx, at, a.req, a.pause)
	}
	if err == nil {
		r := *a.req // which snapshots show
		r.Link.Index = at.Index
		a.place, a.guarded, a.req = at, true, &r
	}
	return err
}

// sound notes that nothing is amiss with the link, and reports whether something was.
func (a *Attachment) sound() (was bool) {
	m := a.mend
	if m == nil || m.trouble.What == 0 {
		return false
	}
	if m.tells {
		a.Emit(event.LinkMended{})
		m.tells = false
	}
	linkless := m.trouble.Linkless
	m.trouble, m.at = kernel.Trouble{}, a.Now().Add(calmTime)
	a.host.Show(a.Snapshot())
	if linkless {
		a.Enqueue() // as a container that comes back
	} else {
		a.confirm()
	}
	return true
}

// tickLink does what has become due about the link.
func (a *Attachment) tickLink() {
	m := a.mend
	switch {
	case m == nil || a.Now() < m.at:
	case m.trouble.What != 0:
		a.look(false)
	case !m.asks:
		a.mend = nil
	default:
		m.at = a.Now().Add(calmTime)
	}
}

// pause waits while other attachments work.
func (a *Attachment) pause(ctx context.Context, d time.Duration) (err error) {
	a.host.Wait(func(leased context.Context) {
		select {
		case <-leased.Done():
			err = leased.Err()
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(d):
		}
	})
	return err
}

// unlink takes out of use what went with the link. The leases are asked for again when there is
// a link, as those of a container that comes back; until then the record has them as they were.
func (a *Attachment) unlink() {
	if a.phase == Queued && a.v4.Fresh() {
		return
	}
	k := a.Kept(a.Now())
	a.closeAll()
	a.lan.Dismount()
	a.lan.ExitGate(lan.Abandoned)
	a.turn(cut)
	a.told = false
	a.v4 = ipv4.New(ipv4.Config{Owner: a, Kernel: a.env.Kernel, Request: a.req, Rand: a.env.Rand}, k.V4)
	if a.v6 != nil {
		a.v6 = ipv6.New(a.config6(), k.V6)
	}
	a.families = a.active(a.place).families
}

// confirm asks the servers whether the leases in use are good on the link as it is now, or goes
// on asking at once. The LAN's gate keeps hundreds from asking at a time.
func (a *Attachment) confirm() {
	if a.phase != Ready && a.phase != Acquiring {
		return
	}
	if a.mend == nil {
		a.mend = &mending{at: a.Now().Add(calmTime)}
	}
	if a.mend.asks = !a.lan.EnterGate(); !a.mend.asks {
		a.ask()
	}
}

// ask follows confirm when the LAN's gate opens.
func (a *Attachment) ask() {
	if a.v4.LinkChanged(); !a.Ending() {
		a.v6.LinkChanged()
	}
}
