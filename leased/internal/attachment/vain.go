// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"fmt"
	"strings"

	"podman-net-dhcp/leased/internal/request"
)

// maxTrouble bounds what a server's words can make of an error, in bytes.
const maxTrouble = 400

// Trouble keeps the reason that a request gets if no lease comes in time.
func (a *Attachment) Trouble(text string) {
	if len(text) > maxTrouble {
		text = strings.ToValidUTF8(text[:maxTrouble], "") + "…"
	}
	a.trouble = text
}

// asked adds to a reason as whom the container asked, which the operator of a server that knows
// its clients has to be told, and where to look.
func (a *Attachment) asked(why string) string {
	if doubt := a.env.Kernel.Doubt(a.req.Link.Host); doubt != "" {
		why = then(why, "on this host, "+doubt)
	}
	return then(why, fmt.Sprintf("the container asked as %s; see: journalctl -u leased", a.req.Link.MAC))
}

// then adds to a text that may be a sentence or a question.
func then(text, more string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, ".") {
		return text + " " + strings.ToUpper(more[:1]) + more[1:]
	}
	return text + "; " + more
}

// inVain says why there is no lease yet, where, and the next step.
func (a *Attachment) inVain() string {
	on, within := a.req.Link.Host, a.req.Policy.Timeout.String()+a.afterOthers()
	switch {
	case a.trouble != "":
		return fmt.Sprintf("no lease on %s within %s: %s", on, within, a.trouble)
	case a.req.Policy.IPv6 == request.IPv6Only:
		return fmt.Sprintf("no router gave an IPv6 address on %s within %s; %s%s", on, within, a.routersSay(), a.besideServer())
	case a.v4.Asking():
		return fmt.Sprintf("a DHCP server on %s made an offer but did not confirm it within %s; the server's log may tell the reason", on, within)
	case a.lan.HeardLately():
		return fmt.Sprintf("no DHCP server answered on %s within %s, but one has answered others there less than 30s ago; has it free addresses, and does it serve unknown MACs?%s", on, within, a.besideServer())
	}
	return fmt.Sprintf("no DHCP server answered on %s within %s; is there one on that LAN, and is the uplink up and in the bridge?%s", on, within, a.besideServer())
}

// afterOthers says why the time of a start was short.
func (a *Attachment) afterOthers() string {
	switch others, own := a.lan.Silent(a.req.Attachment.Name()); {
	case others:
		return ", and another start has waited in vain a moment ago"
	case own:
		return ", and this container's start before has waited in vain, too"
	}
	return ""
}

// routersSay says what was heard of the LAN's routers, or the next step.
func (a *Attachment) routersSay() string {
	switch said := a.lan.Advertised(); {
	case said.Managed:
		return "a router says that there is a DHCPv6 server, but none has answered"
	case said.Any && !said.Autonomous:
		return "a router answered, but it announces no prefix for addresses and no DHCPv6 server"
	}
	return "is there one on that LAN?"
}
