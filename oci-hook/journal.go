// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/syslog"

	"github.com/coreos/go-systemd/v22/journal"

	"podman-net-dhcp/internal/options"
)

// tell says it where an operator looks: crun throws a hook's output away. There
// may be neither journal nor syslog, and then stderr was all there is.
func tell(c container, text string) {
	if journal.Enabled() {
		_ = journal.Send(text, journal.PriErr, map[string]string{
			"SYSLOG_IDENTIFIER": "net-dhcp-hook", "CONTAINER_ID": c.ID, "CONTAINER_NAME": c.Annotations[options.Prefix+annName],
		})
		return
	}
	if w, err := syslog.New(syslog.LOG_ERR|syslog.LOG_DAEMON, "net-dhcp-hook"); err == nil {
		defer w.Close()
		_ = w.Err(text)
	}
}
