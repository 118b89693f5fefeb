// SPDX-License-Identifier: Apache-2.0

// bench measures how long a container's start takes to get its address with our plugin. It
// compares this with other programs and with the floor that every program pays, all on one
// LAN in one run. lab/bench/run starts it in the lab's machine. It reports its progress on
// stderr, and at the end writes a report.Report to stdout.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

func main() {
	quick := flag.Bool("quick", false, "a tenth of the tries")
	flag.Parse()
	r := report.Report{Date: time.Now().UTC().Format(time.RFC3339), Quick: *quick}
	err := measure(&r)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(r *report.Report) error {
	if err := prepare(); err != nil {
		return err
	}
	var err error
	if r.Machine, err = machine(); err != nil {
		return err
	}
	h, err := openHost()
	if err != nil {
		return err
	}
	for _, part := range []func(*report.Report) error{h.measureAttach, h.measureParallel, h.measureKnown, measurePodman, measureIPv6} {
		if err := part(r); err != nil {
			return err
		}
	}
	if err := end(); err != nil {
		return err
	}
	return measureDaemons(r, r.Quick)
}

// end ends what prepare has started but the LAN: the daemons are measured with others.
func end() error {
	err := command("systemctl", "stop", "leased.socket", "leased.service")
	for _, socket := range []string{cniSocket, netavark20.socket(), netavark114.socket()} {
		pid, problem := listener(socket)
		if problem == nil {
			problem = endDaemon(pid)
		}
		err = errors.Join(err, problem)
	}
	return err
}

// prepare starts what the ways need: the LAN, leased's socket, the peers' daemons.
func prepare() error {
	for _, path := range []string{plugin, emptyProgram, cniDir + "/macvlan", netavark20.path, netavark114.path} {
		if !exists(path) {
			return fmt.Errorf("%s is not there; start this by lab/bench/run", path)
		}
	}
	return errors.Join(
		lanUp(),
		command("systemd-sysusers"), // leased's user
		command("systemctl", "start", "leased.socket"),
		writeUdhcpcScript(),
		cniDaemon(), netavark20.startProxy(), netavark114.startProxy(),
	)
}
