// SPDX-License-Identifier: Apache-2.0

// Package report holds the results of one run of the benchmark, with its table and pictures.
package report

// Report is one run. All that is compared was measured in it, on one LAN.
type Report struct {
	Date    string  `json:"date"` // RFC 3339
	Quick   bool    `json:"quick,omitempty"`
	Machine Machine `json:"machine"`

	// Attach is from a fresh network namespace to a leased address in it, one after
	// the other; the floor and an empty program's exec are among them.
	Attach []Way `json:"attach"`
	// Netavark is the same by netavark setup, with our plugin and with its own driver.
	Netavark []Way `json:"netavark"`
	// Parallel is Attach with eight at once.
	Parallel []Way `json:"parallel"`
	// Known is Attach of containers that were leased before, with the server's ping check on.
	Known []Way `json:"known"`
	// KnownPlain is Known by our plugin, with the server's ping check off.
	KnownPlain []Way `json:"knownPlain"`
	// Podman is podman run --rm of a program that ends at once.
	Podman []Way `json:"podman"`
	// IPv6 is Attach by our plugin, with IPv6 and without.
	IPv6 []Way `json:"ipv6"`

	Daemons []Daemon `json:"daemons"`
	// Scale is Attach by our plugin beside so many leases of the same leased.
	Scale []Way  `json:"scale"`
	Mass  []Mass `json:"mass"`
	// Notes are what a reader of the figures has to know, a sentence each.
	Notes []string `json:"notes,omitempty"`
}

// Machine is where it ran.
type Machine struct {
	CPU      string    `json:"cpu"`
	Cores    int       `json:"cores"`
	Kernel   string    `json:"kernel"`
	Versions []Version `json:"versions"`
}

// Version is of a program that took part.
type Version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Kind says whose a way is.
type Kind string

// The kinds of ways and daemons.
const (
	Bound Kind = "bound" // nobody can be faster: the floor, an empty exec
	Ours  Kind = "ours"
	Peer  Kind = "peer"
)

// Way is one way to attach, and how long each try took.
type Way struct {
	Name    string    `json:"name"`
	Kind    Kind      `json:"kind"`
	Took    []float64 `json:"took"`    // ms, of those that did not fail
	Elapsed float64   `json:"elapsed"` // s, all of them together
	Failed  int       `json:"failed"`
	Error   string    `json:"error,omitempty"` // the first
	// Leases is, in Report.Scale, how many leased held meanwhile.
	Leases int `json:"leases,omitempty"`
}

// Daemon is a daemon at rest with so many leases. What could not be measured is 0.
type Daemon struct {
	Name        string  `json:"name"`
	Kind        Kind    `json:"kind"`
	Leases      int     `json:"leases"`
	RSS         int     `json:"rss"`  // KiB
	Heap        int     `json:"heap"` // bytes in use after a collection, less those of one without leases
	Threads     int     `json:"threads"`
	Descriptors int     `json:"descriptors"`
	Quiet       float64 `json:"quiet"` // ms of CPU in a minute without anything to do; -1: not measured
	// A storm: so many renewals in so many seconds cost so many ms of CPU.
	Renewals int     `json:"renewals"`
	Over     float64 `json:"over"`
	Storm    float64 `json:"storm"`
	// Ready is ms from exec to READY=1 with that many leases on disk.
	Ready float64 `json:"ready"`
}

// Mass is many containers at once against one server.
type Mass struct {
	Server     string  `json:"server"`
	Containers int     `json:"containers"`
	AtOnce     float64 `json:"atOnce"`   // s, until the last is bound
	OneByOne   float64 `json:"oneByOne"` // s, as many one after another
	Failed     int     `json:"failed"`
	Slowest    float64 `json:"slowest"`   // ms, of one container
	Discovers  int     `json:"discovers"` // DISCOVERs that the server saw
	// Repeats is how often one of them said the same to the server again, at most.
	Repeats int `json:"repeats"`
}
